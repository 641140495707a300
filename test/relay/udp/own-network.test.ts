import { execFileSync, spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';

/** Why this process may not have a network of its own, as in a container without that privilege; undefined where it may. */
const hindrance = (() => {
  const { status, stderr, error } = spawnSync('unshare', ['--map-root-user', '--net', 'ip', 'link'], {
    encoding: 'utf8',
  });
  return status === 0 ? undefined : (error?.message ?? stderr);
})();

/** Runs a case of `own-network.ts` in a network that these commands set up. */
function inNetwork(claim: readonly string[], ...commands: readonly string[]): unknown {
  const child = join(import.meta.dirname, 'own-network.ts');
  const script = ['set -e', 'ip link set lo up', ...commands, 'exec "$0" --disable-warning=ExperimentalWarning "$@"'];
  const all = ['--map-root-user', '--net', 'sh', '-c', script.join('\n'), process.execPath, child, ...claim];
  return JSON.parse(execFileSync('unshare', all, { encoding: 'utf8' }));
}

const pair = [
  'ip link add v0 type veth peer name v1',
  // No addresses that nobody asked for, and that are not to be used for a second.
  'ip link set v0 addrgenmode none',
  'ip addr add 192.0.2.1/24 dev v0',
  'ip addr add 2001:db8::1/64 dev v0 nodad',
  'ip addr add fe80::1/64 dev v0 nodad',
  'ip addr add fe80::2/64 dev v1 nodad',
  'ip link set v0 up',
  'ip link set v1 up',
];

const claims: [string, () => void][] = [
  [
    'a socket of every address answers from the IPv6 address that was asked',
    () => {
      const seen = inNetwork(
        ['local-address'],
        'ip addr add 2001:db8::1/128 dev lo',
        'ip addr add 2001:db8::2/128 dev lo',
      );
      expect(seen).toEqual({ answers: ['2001:db8::2', '2001:db8::1', '::1'] });
    },
  ],
  [
    'what a full send buffer does not take is counted, and the rest has left in order',
    () => {
      const slow = 'tc qdisc add dev lo root tbf rate 8mbit burst 4k limit 10m';
      const seen = inNetwork(['full-buffer'], slow) as { full: number; received: number[]; waits: number };
      expect(seen).toMatchObject({ faults: { full: seen.full }, afterwards: 0, waits: 1 });
      expect(seen.full).toBeGreaterThan(10);
      expect(seen.received.length).toBeGreaterThan(5);
      expect(seen.received).toEqual(Array.from(seen.received, (_, n) => n));
    },
  ],
  [
    'what the routes refuse is counted by its fault, and the others leave',
    () => {
      const seen = inNetwork(
        ['refused'],
        'ip route add unreachable 192.0.2.0/24',
        'ip route add prohibit 198.51.100.0/24',
        'ip route add blackhole 203.0.113.0/24',
      );
      expect(seen).toEqual({ received: [0, 1, 2, 3, 4, 5], faults: { unreachable: 5 + 9, denied: 7 } });
    },
  ],
  [
    'a run whose datagrams are larger than the road takes whole leaves one by one',
    () => {
      expect(inNetwork(['short-road'], 'ip link set lo mtu 1400')).toEqual({
        received: Array.from({ length: 10 }, (_, n) => [1_452, n]),
        faults: {},
        sendCalls: 11,
      });
    },
  ],
  [
    'a socket of one interface is woken there, and hears no other',
    () => {
      const hosts = ['::', '0.0.0.0', '192.0.2.1', '2001:db8::1'];
      expect(inNetwork(['one-interface', ...hosts], ...pair)).toEqual({ woken: [1, 1, 1, 1], strange: 0 });
    },
  ],
  [
    'a socket of an interface with nothing but a link-local address is woken too',
    () => {
      const [add = '', bare = '', ...rest] = pair;
      const linkLocal = rest.filter((command) => !/192\.0\.2\.1|2001:db8::1/.test(command));
      const ipv4 = 'ip addr add 169.254.7.7/16 dev v0';
      expect(inNetwork(['one-interface', '::'], add, bare, ...linkLocal)).toEqual({ woken: [1], strange: 0 });
      expect(inNetwork(['one-interface', '0.0.0.0'], add, bare, ipv4, ...linkLocal)).toEqual({
        woken: [1],
        strange: 0,
      });
    },
  ],
  [
    'a neighbour with nothing but a link-local address is answered on its link',
    () => {
      const seen = inNetwork(['link-local'], ...pair) as { v0: number; v1: number };
      expect(seen).toMatchObject({
        asked: { from: `fe80::2%${seen.v0}`, local: 'fe80::1' },
        answer: `fe80::1%${seen.v1}`,
      });
    },
  ],
];

describe('in a network of its own', () => {
  test('each claim is tried, or it is known why none can be', () => {
    if (hindrance !== undefined) process.stderr.write(`There is no network of its own here: ${hindrance}\n`);
    expect(hindrance ?? '').toMatch(/^$|not permitted|Permission denied/);
  });

  test.each(hindrance === undefined ? claims : [])('%s', (_, claim) => claim());
});
