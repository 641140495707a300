import { createSocket } from 'node:dgram';
import { BlockList, isIPv6 } from 'node:net';
import { canonicalHost } from '../../base/index.ts';
import { announcedAddresses } from '../../relay/index.ts';
import { bindable } from '../../wiring/index.ts';
import { type Finding, ok, problem, unknown, warning, whyOf } from './finding.ts';
import type { Check, Patient } from './patient.ts';

/** Where clients are told to go, as it looks from inside. From outside only another machine can look. */
export const addressesCheck: Check = {
  name: 'addresses',
  async look({ settings, machine }) {
    const { relay } = settings;
    const own = machine.addresses().flatMap((text) => canonicalHost(text) ?? []);
    let told: ReturnType<typeof announcedAddresses>;
    try {
      told = announcedAddresses(relay.announced, { host: bindable(relay.host), port: relay.port }, own);
    } catch (thrown) {
      return [problem(whyOf(thrown), 'set relay.announced to addresses of this machine, or to those that lead to it')];
    }
    const found = await Promise.all(told.map(({ host, port }) => ofAddress(host, port, own, settings.http.port)));
    return [
      ...found,
      ...ofReach(
        told.map(({ host }) => host),
        settings,
      ),
    ];
  },
};

async function ofAddress(host: string, port: number, own: readonly string[], httpPort: number): Promise<Finding> {
  const written = isIPv6(host) ? `[${host}]` : host;
  const place = `${written}:${port}`;
  if (!own.includes(host)) {
    return unknown(
      `${place} is told to clients and is no address of this machine`,
      `if a NAT leads it here, run this elsewhere: latchkey doctor --probe ${written}:${httpPort} --media-port ${port}`,
    );
  }
  const why = await whyNotBindable(host);
  return why === undefined
    ? ok(`${place} is told to clients and is this machine’s`)
    : problem(`${place} cannot be bound: ${why}`, 'take it out of relay.announced, or bring its interface up');
}

function whyNotBindable(host: string): Promise<string | undefined> {
  return new Promise((resolve) => {
    const socket = createSocket(isIPv6(host) ? 'udp6' : 'udp4');
    socket.once('error', ({ code, message }: NodeJS.ErrnoException) => {
      socket.close();
      resolve(code ?? message);
    });
    socket.bind(0, host, () => socket.close(() => resolve(undefined)));
  });
}

/** RFC 1918, RFC 6598, RFC 4193 and what never leaves a machine or a link. */
const privateNetworks = new BlockList();
for (const [network, bits] of [
  ['10.0.0.0', 8],
  ['172.16.0.0', 12],
  ['192.168.0.0', 16],
  ['100.64.0.0', 10],
  ['127.0.0.0', 8],
  ['169.254.0.0', 16],
] as const) {
  privateNetworks.addSubnet(network, bits, 'ipv4');
}
for (const [network, bits] of [
  ['fc00::', 7],
  ['fe80::', 10],
  ['::1', 128],
] as const) {
  privateNetworks.addSubnet(network, bits, 'ipv6');
}

function ofReach(hosts: readonly string[], { relay }: Patient['settings']): Finding[] {
  if (hosts.some((host) => !privateNetworks.check(host, isIPv6(host) ? 'ipv6' : 'ipv4'))) return [];
  const todo = 'where viewers come over the internet, set relay.announced to the public address (and the one inside)';
  return [
    warning(
      `every address that is told to clients is of a private network${relay.announced.length === 0 ? ', since relay.announced is empty' : ''}`,
      todo,
    ),
  ];
}
