import { Worker } from 'node:worker_threads';
import { copyOfPath, type Datagram, type Path } from '../../../src/relay/wire/path.ts';
import { seededRandom } from '../../support/seeded-random.ts';
import { BatchedPeer } from '../support/batched-peer.ts';

/** Runs ports while memory is collected around them. It is a process of its own, for it needs `--expose-gc`; it prints what it saw. */
const { gc } = globalThis;
if (gc === undefined) throw new Error('start it with --expose-gc');
const random = seededRandom(Number(process.argv[2]));
const pick = (below: number) => Math.floor(random.fraction() * below);
const pattern = random.bytes(256 * 1024);

const presser = new Worker(
  `for (let kept = [], n = 0; ; n++) {
    kept.push(Buffer.from(new ArrayBuffer(1 + n * 4096 % 3_000_000)).fill(n), { n });
    if (kept.length > 50) kept = [];
  }`,
  { eval: true },
);
const passed = await passUnderCollections(1_000);
await presser.terminate();
console.log(JSON.stringify({ ...passed, ...(await dropPorts(200)) }));
process.exit();

/** Sends datagrams to a port that sends them back, and collects memory before, after and while they are handed on. */
async function passUnderCollections(rounds: number) {
  using port = await BatchedPeer.open();
  using peer = await BatchedPeer.open();
  const to = port.path();
  let collections = 0;
  let garbage: Buffer[] = [];
  const disturb = (chance: number) => {
    // As large as parts of the ports' memory, and as the whole: what was let go of too soon is taken by these.
    garbage.push(
      Buffer.from(new ArrayBuffer(1 + pick(pick(50) === 0 ? 5_000_000 : 20_000))).fill(pick(256)),
      Buffer.alloc(pick(200), 0xee),
    );
    if (garbage.length > 20) garbage = [];
    if (pick(chance) > 0) return;
    gc?.({ type: pick(3) === 0 ? 'major' : 'minor', execution: 'sync' });
    collections++;
  };
  let datagrams = 0;
  for (let round = 0; round < rounds; round++) {
    const due = Array.from({ length: 1 + pick(20) }, () => {
      const start = pick(pattern.length - 3_000);
      return { start, end: start + (pick(2) === 0 ? 1_200 : pick(3_000)) };
    });
    for (const { start, end } of due) {
      peer.port.send(to, 0, pattern, start, end);
      disturb(40);
    }
    peer.port.flush();
    disturb(4);
    let answer: Path | undefined;
    const check = (datagram: Datagram, index: number) => {
      const { start, end } = due[index] ?? { start: -1, end: -1 };
      const differs = datagram.bytes.compare(pattern, start, end, datagram.start, datagram.end) !== 0;
      if (differs) throw new Error(`round ${round}: ${datagram.end - datagram.start} bytes for ${end - start}`);
      disturb(40);
    };
    let there = 0;
    port.receiveUntil(
      () => there === due.length,
      (datagram) => {
        answer ??= copyOfPath(datagram.path, datagram.pathAt);
        port.port.send(answer, 0, datagram.bytes, datagram.start, datagram.end);
        check(datagram, there++);
      },
    );
    disturb(4);
    let back = 0;
    peer.receiveUntil(
      () => back === due.length,
      (datagram) => check(datagram, back++),
    );
    datagrams += due.length;
    // What is held by weak references alone is let go of between turns of the event loop.
    await new Promise((resolve) => setImmediate(resolve));
    disturb(2);
  }
  return { datagrams, collections, faults: [port.faults, peer.faults] };
}

/** Opens ports, uses them and lets go of them, and tells what is left of their memory: in bytes, and how many are still there. */
async function dropPorts(count: number) {
  const refs: WeakRef<object>[] = [];
  const use = async () => {
    using peer = await BatchedPeer.open();
    peer.port.send(peer.path(), 0, pattern, 0, 60_000);
    peer.port.turn(
      true,
      () => {},
      () => {},
    );
    refs.push(new WeakRef(peer.port));
  };
  await use();
  const settle = async () => {
    for (let n = 0; n < 4; n++) {
      gc?.({ type: 'major', execution: 'sync' });
      await new Promise((resolve) => setImmediate(resolve));
    }
    const { arrayBuffers, rss } = process.memoryUsage();
    return { arrayBuffers, rss };
  };
  const before = await settle();
  for (let n = 0; n < count; n++) await use();
  const after = await settle();
  const kept = refs.filter((ref) => ref.deref() !== undefined).length;
  return { kept, arrayBuffersGrown: after.arrayBuffers - before.arrayBuffers, rssGrown: after.rss - before.rss };
}
