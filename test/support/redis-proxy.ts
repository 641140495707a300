import { createServer, connect as dial, type Server, type Socket } from 'node:net';
import type { RandomSource } from '../../src/base/index.ts';
import { seededRandom } from './seeded-random.ts';

/**
 * What a proxy does to a reply. `swap`: gives it to the next question, and that one’s to this. `previous`: gives the reply to an earlier
 * question, of whichever connection, in its place. `duplicate`: gives it twice, so that each one after it goes to the question after
 * its own. `drop`: loses it, the same the other way round. `truncate`: a shorter entry, well framed. `cut`: the end of the reply is
 * missing. `corrupt`: one bit of the entry is another. `delay`: it and all behind it come late. `close`: the connection ends.
 */
export const faultKinds = [
  'swap',
  'previous',
  'duplicate',
  'drop',
  'truncate',
  'cut',
  'corrupt',
  'delay',
  'close',
] as const;
export type FaultKind = (typeof faultKinds)[number];

export interface ProxyFaults {
  /** How often each kind happens, from 0 to 1. */
  readonly rates: Readonly<Partial<Record<FaultKind, number>>>;
  /** How long a `delay` is. */
  readonly delayMs?: number;
}

export interface RedisProxy {
  readonly port: number;
  faults: ProxyFaults;
  /** How often it did what. */
  readonly done: Record<FaultKind, number>;
  /** Connections that were taken, and those that are open. */
  readonly taken: number;
  readonly open: number;
  /** Where set, it takes connections and says nothing any more. */
  silent: boolean;
  [Symbol.asyncDispose](): Promise<void>;
}

/** A proxy before a Redis on loopback, which does to replies what the incident did, by the seed. */
export async function redisProxy(upstreamPort: number, seed: number, faults: ProxyFaults = { rates: {} }) {
  const proxy = new LyingProxy(upstreamPort, seededRandom(seed), faults);
  await proxy.listen();
  return proxy as RedisProxy;
}

class LyingProxy implements RedisProxy {
  faults: ProxyFaults;
  readonly done: Record<FaultKind, number>;
  silent = false;
  taken = 0;
  port = 0;
  readonly #upstreamPort: number;
  readonly #random: RandomSource;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  /** The last replies that held an entry. */
  readonly #earlier: Buffer[] = [];

  constructor(upstreamPort: number, random: RandomSource, faults: ProxyFaults) {
    this.#upstreamPort = upstreamPort;
    this.#random = random;
    this.faults = faults;
    this.done = Object.fromEntries(faultKinds.map((kind) => [kind, 0])) as Record<FaultKind, number>;
    this.#server = createServer((client) => this.#serve(client));
  }

  get open(): number {
    return this.#sockets.size / 2;
  }

  async listen(): Promise<void> {
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve));
    const address = this.#server.address();
    this.port = typeof address === 'object' && address !== null ? address.port : 0;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  #serve(client: Socket): void {
    this.taken += 1;
    const upstream = dial(this.#upstreamPort, '127.0.0.1');
    client.setNoDelay(true);
    const replies = new ReplyCutter();
    let held: Buffer | undefined;
    let road: Promise<void> = Promise.resolve();
    const send = (bytes: Buffer) => {
      road = road.then(() => void (this.silent || client.destroyed || client.write(bytes)));
    };
    const both = [client, upstream];
    for (const socket of both) {
      this.#sockets.add(socket);
      socket.on('error', () => {});
      socket.on('close', () => {
        this.#sockets.delete(socket);
        for (const other of both) other.destroy();
      });
    }
    client.on('data', (chunk) => upstream.write(chunk));
    upstream.on('data', (chunk) => {
      for (const reply of replies.cut(chunk)) {
        const kind = this.#kindFor();
        if (kind !== undefined) this.done[kind] += 1;
        if (kind === 'close') client.destroy();
        if (kind === 'delay') road = road.then(() => passed(this.faults.delayMs ?? 300));
        if (kind === 'swap' && held === undefined) {
          held = reply;
          continue;
        }
        for (const bytes of this.#changed(reply, kind)) send(bytes);
        if (held !== undefined) send(held);
        held = undefined;
      }
    });
  }

  #changed(reply: Buffer, kind: FaultKind | undefined): Buffer[] {
    const entry = entryOf(reply);
    const earlier = this.#earlier[Math.floor(this.#random.fraction() * this.#earlier.length)];
    if (entry !== undefined) {
      this.#earlier.push(reply);
      if (this.#earlier.length > 64) this.#earlier.shift();
    }
    const at = Math.floor(this.#random.fraction() * (entry?.length ?? 1));
    if (kind === 'duplicate') return [reply, reply];
    if (kind === 'drop') return [];
    if (kind === 'cut') return [reply.subarray(0, Math.ceil(reply.length / 2))];
    if (kind === 'previous') return [earlier ?? reply];
    if (kind === 'truncate' && entry !== undefined) return [framed(entry.subarray(0, at))];
    if (kind === 'corrupt' && entry !== undefined) {
      const other = Buffer.from(entry);
      other[at] = (other[at] ?? 0) ^ 1;
      return [framed(other)];
    }
    return [reply];
  }

  #kindFor(): FaultKind | undefined {
    let dice = this.#random.fraction();
    for (const kind of faultKinds) {
      dice -= this.faults.rates[kind] ?? 0;
      if (dice < 0) return kind;
    }
    return undefined;
  }
}

/** Cuts what a Redis says into whole replies, as they came. */
class ReplyCutter {
  #rest: Buffer = Buffer.alloc(0);

  cut(chunk: Buffer): Buffer[] {
    let bytes = Buffer.concat([this.#rest, chunk]);
    const replies: Buffer[] = [];
    for (let end = endOf(bytes); end !== undefined; end = endOf(bytes)) {
      replies.push(bytes.subarray(0, end));
      bytes = bytes.subarray(end);
    }
    this.#rest = bytes;
    return replies;
  }
}

function endOf(bytes: Buffer): number | undefined {
  const line = bytes.indexOf('\r\n');
  if (line < 0) return undefined;
  const length = bytes[0] === 0x24 ? Number(bytes.toString('latin1', 1, line)) : -1;
  const end = length < 0 ? line + 2 : line + 2 + length + 2;
  return end <= bytes.length ? end : undefined;
}

/** What a bulk reply holds, where it holds anything. */
function entryOf(reply: Buffer): Buffer | undefined {
  const line = reply.indexOf('\r\n');
  return reply[0] === 0x24 && line + 4 < reply.length ? reply.subarray(line + 2, -2) : undefined;
}

function framed(entry: Buffer): Buffer {
  return Buffer.concat([Buffer.from(`$${entry.length}\r\n`), entry, Buffer.from('\r\n')]);
}

/** The network is slow; nobody waits for this but the bytes behind it. */
function passed(ms: number): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  setTimeout(() => resolve(), ms);
  return promise;
}
