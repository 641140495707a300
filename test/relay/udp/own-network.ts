import { readFileSync } from 'node:fs';
import { copyOfPath, localHostOf, placeOf } from '../../../src/relay/wire/path.ts';
import { BatchedPeer, numbered, pathTo } from '../support/batched-peer.ts';
import { FaultyLibc } from '../support/faulty-libc.ts';
import { demandLibc } from '../support/pumped-port.ts';

/** What ports do in a network of their own, each under the name of what is shown. The process runs in that network; it prints JSON. */
const cases: Record<string, () => Promise<object>> = {
  async 'local-address'() {
    using port = await BatchedPeer.open({ host: '::' });
    using peer = await BatchedPeer.open({ host: '::1' });
    const answers: string[] = [];
    for (const host of ['2001:db8::2', '2001:db8::1', '::1']) {
      peer.send(port.path(host), Buffer.from(host));
      answerOne(port);
      let answered = false;
      peer.receiveUntil(
        () => answered,
        ({ path, pathAt }) => {
          answers.push(placeOf(path, pathAt).host);
          answered = true;
        },
      );
    }
    return { answers };
  },

  async 'full-buffer'() {
    const calls = new FaultyLibc(await demandLibc());
    using port = await BatchedPeer.open({ libc: calls });
    using peer = await BatchedPeer.open();
    const small = Buffer.alloc(4);
    small.writeInt32LE(16 * 1024);
    calls.setsockopt(port.socket.descriptor, 1, 7, small, 4);
    const to = peer.path();
    const sent = 60;
    // Each longer than the one before: none is joined to it.
    for (let n = 0; n < sent; n++) port.port.send(to, 0, Buffer.alloc(1_000 + n, n), 0, 1_000 + n);
    port.port.flush();
    const full = port.counters.sendErrors.full;
    const received = peer.take(sent - full).map((bytes) => bytes.length - 1_000);
    const afterwards = peer.port.turn(
      true,
      () => {},
      () => {},
    );
    const waits = calls.sends.filter((call) => call.waits).length;
    return { full, faults: port.faults, received, afterwards, waits };
  },

  async refused() {
    using port = await BatchedPeer.open({ host: '::' });
    using peer = await BatchedPeer.open();
    const datagrams = numbered(6, 100);
    for (const [n, bytes] of datagrams.entries()) {
      port.port.send(peer.path(), 0, bytes, 0, 100);
      const host = ['192.0.2.1', '198.51.100.1', '203.0.113.1'][n % 3] ?? '';
      const to = pathTo({ host, port: 9 });
      for (let times = 0; times <= n; times++) port.port.send(to, 0, bytes, 0, 100);
    }
    port.port.flush();
    return { received: peer.take(6).map((bytes) => bytes[0]), faults: port.faults };
  },

  async 'short-road'() {
    using port = await BatchedPeer.open();
    using peer = await BatchedPeer.open();
    const run = numbered(10, 1_452);
    port.send(peer.path(), ...run);
    const received = peer.take(10).map((bytes) => [bytes.length, bytes[0]]);
    return { received, faults: port.faults, sendCalls: port.counters.sendCalls };
  },

  async 'one-interface'() {
    const woken: number[] = [];
    for (const host of process.argv.slice(3)) {
      using port = await BatchedPeer.open({ host, device: 'v0' });
      port.socket.wake(port.libc);
      woken.push(
        port.port.turn(
          true,
          () => {},
          () => {},
        ),
      );
    }
    using port = await BatchedPeer.open({ host: '::', device: 'v0' });
    using stranger = await BatchedPeer.open();
    stranger.send(port.path('127.0.0.1'), Buffer.from('by another interface'));
    const strange = port.port.turn(
      true,
      () => {},
      () => {},
    );
    return { woken, strange };
  },

  async 'link-local'() {
    const [v0, v1] = ['v0', 'v1'].map(interfaceNumber);
    using port = await BatchedPeer.open({ host: '::', device: 'v0' });
    using peer = await BatchedPeer.open({ host: '::', device: 'v1' });
    peer.send(pathTo({ host: 'fe80::1', port: port.socket.facts.port }, { scope: v1 ?? 0 }), Buffer.from('neighbour'));
    const asked = answerOne(port);
    let answer = '';
    peer.receiveUntil(
      () => answer !== '',
      ({ path, pathAt }) => {
        answer = placeOf(path, pathAt).host;
      },
    );
    return { asked, answer, v0, v1 };
  },
};

const named = cases[process.argv[2] ?? ''];
if (named === undefined) throw new Error(`name one of ${Object.keys(cases).join(', ')}`);
console.log(JSON.stringify(await named()));

/** Sends the next datagram back; tells from where it came, and where it was sent. */
function answerOne(port: BatchedPeer): { from: string; local: string } {
  let asked: { from: string; local: string } | undefined;
  port.receiveUntil(
    () => asked !== undefined,
    ({ path, pathAt, bytes, start, end }) => {
      port.port.send(copyOfPath(path, pathAt), 0, bytes, start, end);
      asked = { from: placeOf(path, pathAt).host, local: localHostOf(path, pathAt) };
    },
  );
  if (asked === undefined) throw new Error('nothing came');
  return asked;
}

function interfaceNumber(name: string): number {
  const line = readFileSync('/proc/net/if_inet6', 'utf8')
    .split('\n')
    .find((each) => each.trim().endsWith(name));
  return Number.parseInt(line?.split(/\s+/)[1] ?? '0', 16);
}
