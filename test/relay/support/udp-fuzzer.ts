import { limits, type RandomSource } from '../../../src/base/index.ts';
import type { SendFault } from '../../../src/relay/udp/port.ts';
import type { Path } from '../../../src/relay/wire/path.ts';
import { seededRandom } from '../../support/seeded-random.ts';
import { BatchedPeer, pathTo } from './batched-peer.ts';
import { type CountedPeer, JoiningPeer, PlainPeer } from './counted-peers.ts';

export interface FuzzSettings {
  readonly seed: number;
  readonly batches: number;
  /** Told now and then how many batches are done. */
  readonly progress?: (done: number) => void;
}

/** What a run came to; each is a reason to believe that it tried what it should. */
export interface FuzzTally {
  received: number;
  /** Messages that these came in: fewer, where the kernel joined them. */
  receivedMessages: number;
  sent: number;
  sentBytes: number;
  sendCalls: number;
  receiveCalls: number;
  /** Datagrams that were passed on from the port's own memory, and from other. */
  own: number;
  foreign: number;
  /** What the joining peers got, and the messages that it came in. */
  joined: number;
  joinedMessages: number;
  refused: Partial<Record<SendFault, number>>;
}

/** Drives a batched port with what a seed says, and throws, naming the seed, where any peer gets anything but what is due to it. */
export async function fuzzUdp(settings: FuzzSettings): Promise<FuzzTally> {
  await using stack = new AsyncDisposableStack();
  const fuzzer = await UdpFuzzer.open(seededRandom(settings.seed), stack);
  for (let batch = 0; batch < settings.batches; batch++) {
    try {
      await fuzzer.batch();
    } catch (error) {
      throw new Error(`seed ${settings.seed}, batch ${batch}`, { cause: error });
    }
    if (batch % 10_000 === 9_999) settings.progress?.(batch + 1);
  }
  return fuzzer.tally();
}

/** Where datagrams go: what the peer there must see, or why they do not leave. */
interface Target {
  readonly path: Path;
  readonly peer?: CountedPeer;
  readonly from?: string | undefined;
  readonly fault?: SendFault;
}

/** What a datagram takes of a receive buffer beside twice its bytes, and what is on its way at once. */
const datagramCost = 1_000;
const batchCostMax = 1_500_000;
const patternBytes = 512 * 1024;

class UdpFuzzer {
  readonly #random: RandomSource;
  readonly #pattern: Buffer;
  readonly #port: BatchedPeer;
  readonly #sources: readonly BatchedPeer[];
  readonly #peers: readonly CountedPeer[];
  readonly #targets: readonly Target[];
  readonly #roads: readonly { source: BatchedPeer; to: Path }[];
  readonly #due: { start: number; end: number }[] = [];
  readonly #costMax: number;
  readonly #refused: Record<string, number> = {};
  readonly #tally = { received: 0, receivedMessages: 0, sent: 0, sentBytes: 0, own: 0, foreign: 0, joined: 0 };
  #cost = 0;
  #last: Target | undefined;

  static async open(random: RandomSource, stack: AsyncDisposableStack): Promise<UdpFuzzer> {
    const pattern = random.bytes(patternBytes);
    const port = stack.use(await BatchedPeer.open({ host: '::' }));
    const sources = [stack.use(await BatchedPeer.open()), stack.use(await BatchedPeer.open({ host: '::1' }))];
    const peers = [
      stack.use(await PlainPeer.open(pattern, '127.0.0.1')),
      stack.use(await PlainPeer.open(pattern, '::1')),
      stack.use(await JoiningPeer.open(pattern, '127.0.0.2')),
      stack.use(await JoiningPeer.open(pattern, '::1')),
    ];
    return new UdpFuzzer(random, pattern, port, sources, peers);
  }

  private constructor(
    random: RandomSource,
    pattern: Buffer,
    port: BatchedPeer,
    sources: readonly BatchedPeer[],
    peers: readonly CountedPeer[],
  ) {
    this.#random = random;
    this.#pattern = pattern;
    this.#port = port;
    this.#sources = sources;
    this.#peers = peers;
    this.#costMax = Math.min(batchCostMax, port.socket.facts.receiveBufferBytes / 2);
    this.#targets = [...peers.flatMap((peer) => targetsAt(peer)), ...unreachable(peers)];
    this.#roads = sources.flatMap((source) => {
      const hosts = source.socket.facts.host === '::1' ? ['::1'] : ['127.0.0.1', '127.0.0.7'];
      return hosts.map((host) => ({ source, to: port.path(host) }));
    });
  }

  /** Some datagrams to the port; what it does while it receives them, and beside that; then whether all came where it should. */
  async batch(): Promise<void> {
    this.#cost = 0;
    for (let rounds = this.#pick(3); rounds > 0; rounds--) this.#sendSome();
    if (this.#pick(2) === 0) this.#port.port.flush();
    this.#feed();
    let index = 0;
    this.#tally.receivedMessages += this.#port.receiveUntil(
      () => index >= this.#due.length,
      ({ bytes, start, end }) => {
        const due = this.#due[index++];
        if (due === undefined) throw new Error('the port got a datagram too many');
        if (end - start !== due.end - due.start || bytes.compare(this.#pattern, due.start, due.end, start, end) !== 0) {
          throw new Error(`the port got ${end - start} bytes for the ${due.end - due.start} that were due`);
        }
        this.#onReceived(bytes, start, due);
      },
    );
    this.#tally.received += index;
    this.#due.length = 0;
    this.#sendSome();
    this.#port.port.flush();
    await this.#claim();
  }

  tally(): FuzzTally {
    const { sendCalls, receiveCalls } = this.#port.counters;
    const joiners = this.#peers.filter((peer) => peer instanceof JoiningPeer);
    const joinedMessages = joiners.reduce((sum, { messages }) => sum + messages, 0);
    return { ...this.#tally, sendCalls, receiveCalls, joinedMessages, refused: this.#port.faults };
  }

  async #claim(): Promise<void> {
    for (const peer of this.#peers) {
      if (peer instanceof JoiningPeer) this.#tally.joined += peer.waiting;
      await peer.drained();
    }
    for (const each of [this.#port, ...this.#sources]) {
      const { kernelDrops, receiveErrors } = each.counters;
      if (kernelDrops + receiveErrors > 0) throw new Error(`${kernelDrops} dropped, ${receiveErrors} receive errors`);
    }
    for (const source of this.#sources) {
      if (Object.keys(source.faults).length > 0) throw new Error(`a source could not send: ${say(source.faults)}`);
    }
    const { faults } = this.#port;
    for (const fault of new Set([...Object.keys(faults), ...Object.keys(this.#refused)])) {
      if (faults[fault as SendFault] !== this.#refused[fault]) {
        throw new Error(`refused ${say(faults)}, where ${say(this.#refused)} was due`);
      }
    }
  }

  /** Has the sources send to the port: runs, which the kernel joins again, and others. */
  #feed(): void {
    // All of it from one source: in what order two arrive is the kernel's to say.
    const source = this.#oneOf(this.#sources);
    const roads = this.#roads.filter((road) => road.source === source);
    for (let runs = 1 + this.#pick(4); runs > 0; runs--) {
      const { to } = this.#oneOf(roads);
      this.#run((start, end) => {
        source.port.send(to, 0, this.#pattern, start, end);
        this.#due.push({ start, end });
      });
    }
    source.port.flush();
  }

  #onReceived(bytes: Buffer, start: number, due: { start: number; end: number }): void {
    const length = due.end - due.start;
    switch (this.#pick(12)) {
      case 0:
        return;
      case 1:
        this.#sendSome();
        return;
      case 2:
        this.#port.port.flush();
        return;
      case 3: {
        // A part of it.
        const from = this.#pick(length + 1);
        this.#send(this.#oneOf(this.#targets), bytes, start + from, due.start + from, this.#pick(length - from + 1));
        return;
      }
      case 4:
        // To everybody.
        for (const target of this.#targets) this.#send(target, bytes, start, due.start, length);
        return;
      default:
        this.#send(this.#favorite(), bytes, start, due.start, length);
    }
  }

  /** Sends a run from other memory, to one place or to several by turns. */
  #sendSome(): void {
    const targets = Array.from({ length: this.#pick(3) === 0 ? 2 : 1 }, () => this.#oneOf(this.#targets));
    let turn = 0;
    this.#run((start, end) => {
      const target = targets[turn++ % targets.length] ?? this.#oneOf(this.#targets);
      this.#send(target, this.#pattern, start, start, end - start);
    });
    if (this.#pick(50) === 0) this.#sendTooLarge();
  }

  #sendTooLarge(): void {
    const length = limits.datagramBytesMax + 1 + this.#pick(1_000);
    this.#port.port.send(this.#oneOf(this.#targets).path, 0, this.#pattern, 0, length);
    this.#refused['too-large'] = (this.#refused['too-large'] ?? 0) + 1;
  }

  /** Datagrams of one size, or of any; mostly a shorter one at the end. */
  #run(send: (start: number, end: number) => void): void {
    const size = this.#size();
    const count = this.#pick(100) === 0 ? 1 + this.#pick(700) : 1 + this.#pick(12);
    const mixed = this.#pick(4) === 0;
    const scattered = this.#pick(2) === 0;
    let start = this.#pick(this.#pattern.length - limits.datagramBytesMax);
    for (let n = 0; n < count; n++) {
      const last = n === count - 1 && this.#pick(2) === 0;
      const length = mixed ? this.#size() : last ? this.#pick(size + 1) : size;
      if (!this.#affords(length)) return;
      if (start + length > this.#pattern.length || scattered) start = this.#pick(this.#pattern.length - length);
      send(start, start + length);
      start += length;
    }
  }

  #send(target: Target, bytes: Buffer, at: number, patternAt: number, length: number): void {
    if (!this.#affords(length)) return;
    this.#port.port.send(target.path, 0, bytes, at, at + length);
    if (bytes === this.#pattern) this.#tally.foreign++;
    else this.#tally.own++;
    if (target.fault !== undefined) this.#refused[target.fault] = (this.#refused[target.fault] ?? 0) + 1;
    target.peer?.expect(patternAt, patternAt + length, target.from);
    if (target.peer === undefined) return;
    this.#tally.sent++;
    this.#tally.sentBytes += length;
  }

  #affords(length: number): boolean {
    const cost = datagramCost + 2 * length;
    if (this.#cost > 0 && this.#cost + cost > this.#costMax) return false;
    this.#cost += cost;
    return true;
  }

  #size(): number {
    switch (this.#pick(16)) {
      case 0:
        return 0;
      case 1:
        return 1;
      case 2:
        return limits.segmentBytesMax;
      case 3:
        return limits.segmentBytesMax + 1;
      case 4:
        return this.#pick(8) === 0 ? limits.datagramBytesMax - this.#pick(2) : this.#pick(9_000);
      case 5:
      case 6:
      case 7:
        return 1_200;
      default:
        return this.#pick(limits.segmentBytesMax);
    }
  }

  /** Mostly the same place as before, so that there are runs. */
  #favorite(): Target {
    if (this.#last === undefined || this.#pick(6) === 0) this.#last = this.#oneOf(this.#targets);
    return this.#last;
  }

  #pick(below: number): number {
    return Math.floor(this.#random.fraction() * below);
  }

  #oneOf<Item>(items: readonly Item[]): Item {
    const item = items[this.#pick(items.length)];
    if (item === undefined) throw new Error('there is nothing to choose from');
    return item;
  }
}

function targetsAt(peer: CountedPeer): Target[] {
  const locals = peer.place.host.includes(':') ? [undefined, '::1'] : [undefined, '127.0.0.1', '127.0.0.3'];
  return locals.map((local) => ({ path: peer.path({ local }), peer, from: local }));
}

/** Places that the system refuses, whatever the network is like. */
function unreachable(peers: readonly CountedPeer[]): Target[] {
  const ipv6 = peers.find(({ place }) => place.host === '::1');
  if (ipv6 === undefined) throw new Error('there is no peer with IPv6');
  return [
    { path: ipv6.path({ local: '2001:db8::1' }), fault: 'unreachable' },
    { path: pathTo({ host: '255.255.255.255', port: 9 }), fault: 'denied' },
  ];
}

function say(faults: object): string {
  return JSON.stringify(faults);
}
