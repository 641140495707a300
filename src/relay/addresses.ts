import { isIPv4 } from 'node:net';
import { canonicalHost, isLinkLocal, isLoopback, LatchkeyError, limits } from '../base/index.ts';
import type { RelayAddress } from './index.ts';
import type { Place } from './wire/path.ts';

/**
 * The addresses that clients are told of the media worker `index`. Named ones are taken as they are; one without a port has the
 * worker's own, and one with a port has that of the first worker, so the next one's is one more. Without any, they are those of this
 * machine's addresses that a socket bound to `bound` serves: all of them for `::`, the IPv4 ones for `0.0.0.0`, else that one alone.
 * Link-local addresses are left out (a client elsewhere cannot reach them), and loopback comes last: it serves clients on
 * this machine, and for all others it is one candidate that leads nowhere. Throws `settings-invalid` for a name that is not an IP
 * address, for more than `limits.announcedAddressesMax`, and when nothing is left.
 */
export function announcedAddresses(
  announced: readonly string[],
  bound: Place,
  machine: readonly string[],
  index = 0,
): readonly RelayAddress[] {
  const named = announced.map((text) => announcedPlace(text, index));
  const places = named.length > 0 ? named : servedHosts(bound.host, machine).map((host) => ({ host, port: 0 }));
  const unique = withoutRepeats(places);
  if (unique.length === 0) throw new LatchkeyError('settings-invalid', 'relay: there is no address to announce');
  if (announced.length > limits.announcedAddressesMax) {
    throw new LatchkeyError('settings-invalid', `relay: at most ${limits.announcedAddressesMax} addresses`);
  }
  return unique
    .slice(0, limits.announcedAddressesMax)
    .map(({ host, port }) => ({ host, port: port || bound.port, transport: 'udp' }));
}

/**
 * The same for TCP, which all workers share: the hosts that UDP is announced at, with the port that is announced with them where TCP
 * has the same as UDP, else with `port`.
 */
export function tcpAddresses(
  {
    announced,
    host,
    tcpPort,
  }: { readonly announced: readonly string[]; readonly host: string; readonly tcpPort: unknown },
  machine: readonly string[],
  port: number,
): readonly RelayAddress[] {
  const addresses = announcedAddresses(announced, { host, port }, machine);
  const places = addresses.map((address) => ({ ...address, port: tcpPort === 'same' ? address.port : port }));
  return withoutRepeats(places).map((place) => ({ ...place, transport: 'tcp' }));
}

function withoutRepeats(places: readonly Place[]): readonly Place[] {
  return [...new Map(places.map((place) => [`${place.host} ${place.port}`, place])).values()];
}

/** Every place that is the relay itself, port 0 for its own port: nothing that seems to come from there is a client. */
export function ownPlaces(
  announced: readonly string[],
  bound: string,
  machine: readonly string[],
  index = 0,
): readonly Place[] {
  const named = announced.map((text) => announcedPlace(text, index));
  return [...named, ...[...named.map(({ host }) => host), ...machine, bound].map((host) => ({ host, port: 0 }))];
}

/** `address`, `address:port` or `[address]:port`; port 0 where it names none. */
function announcedPlace(text: string, index: number): Place {
  const [, bracketed, dotted, digits] = /^(?:\[([^\]]+)\]|([\d.]+)):(\d{1,5})$/.exec(text) ?? [];
  const host = canonicalHost(bracketed ?? dotted ?? text);
  const port = digits === undefined ? 0 : Number(digits) + index;
  if (host === undefined || (dotted !== undefined && !isIPv4(dotted))) {
    throw new LatchkeyError('settings-invalid', `relay: ${text} is not an IP address`);
  }
  if (port > 65_535 || digits === '0') throw new LatchkeyError('settings-invalid', `relay: ${text} has no such port`);
  return { host, port };
}

/** Of the machine's addresses those that a socket bound to `bound` serves, but not the link-local ones; loopback comes last. */
export function servedHosts(bound: string, machine: readonly string[]): string[] {
  if (bound !== '::' && bound !== '0.0.0.0') return [bound];
  const hosts = machine
    .flatMap((text) => canonicalHost(text) ?? [])
    .filter((host) => !isLinkLocal(host) && (bound === '::' || !host.includes(':')));
  return [...hosts.filter((host) => !isLoopback(host)), ...hosts.filter(isLoopback)];
}
