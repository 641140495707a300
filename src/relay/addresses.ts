import { LatchkeyError, limits } from '../base/index.ts';
import type { RelayAddress } from './index.ts';
import { type AddressKey, canonicalHost, isLinkLocal, isLoopback, udpAddress } from './wire/ip-address.ts';

/**
 * The addresses that clients are told. Named ones are taken as they are. Without any, they are those of this machine's
 * addresses that a socket bound to `bound` serves: all of them for `::`, the IPv4 ones for `0.0.0.0`, else that one alone.
 * Link-local addresses are left out (a client elsewhere cannot reach them), and loopback comes last: it serves clients on
 * this machine, and for all others it is one candidate that leads nowhere. Throws `settings-invalid` for a name that is not an IP
 * address, for more than `limits.announcedAddressesMax`, and when nothing is left.
 */
export function announcedAddresses(
  announced: readonly string[],
  bound: RelayAddress,
  machine: readonly string[],
): readonly RelayAddress[] {
  const hosts = announced.length > 0 ? announced.map(demandHost) : served(bound.host, machine);
  const unique = [...new Set(hosts)];
  if (unique.length === 0) throw new LatchkeyError('settings-invalid', 'relay: there is no address to announce');
  if (announced.length > limits.announcedAddressesMax) {
    throw new LatchkeyError('settings-invalid', `relay: at most ${limits.announcedAddressesMax} addresses`);
  }
  return unique.slice(0, limits.announcedAddressesMax).map((host) => ({ host, port: bound.port }));
}

/** Every place that is the relay itself: nothing that seems to come from there is a client. */
export function ownAddressKeys(
  addresses: readonly RelayAddress[],
  bound: RelayAddress,
  machine: readonly string[],
): ReadonlySet<AddressKey> {
  const hosts = [...addresses.map(({ host }) => host), ...machine, bound.host];
  return new Set(hosts.flatMap((host) => udpAddress(host, bound.port)?.key ?? []));
}

function demandHost(text: string): string {
  const host = canonicalHost(text);
  if (host === undefined) throw new LatchkeyError('settings-invalid', `relay: ${text} is not an IP address`);
  return host;
}

function served(bound: string, machine: readonly string[]): string[] {
  if (bound !== '::' && bound !== '0.0.0.0') return [bound];
  const hosts = machine
    .flatMap((text) => canonicalHost(text) ?? [])
    .filter((host) => !isLinkLocal(host) && (bound === '::' || !host.includes(':')));
  return [...hosts.filter((host) => !isLoopback(host)), ...hosts.filter(isLoopback)];
}
