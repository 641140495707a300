import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { limits } from '../../../src/base/index.ts';
import { type Path, type PathDetails, type Place, placeOf } from '../../../src/relay/wire/path.ts';
import { BatchedPeer, pathTo } from './batched-peer.ts';

const drainMsMax = 10_000;

/** What a peer must get: a part of the pattern, and from where; undefined where the kernel chooses that. */
interface Expected {
  readonly start: number;
  readonly end: number;
  readonly from: string | undefined;
}

/** A peer that is told what it must get, and throws where it gets anything else. */
export abstract class CountedPeer implements AsyncDisposable {
  abstract readonly place: Place;
  protected readonly expected: Expected[] = [];
  readonly #pattern: Buffer;
  received = 0;

  constructor(pattern: Buffer) {
    this.#pattern = pattern;
  }

  path(details?: PathDetails): Path {
    return pathTo(this.place, details);
  }

  expect(start: number, end: number, from: string | undefined): void {
    this.expected.push({ start, end, from });
  }

  get waiting(): number {
    return this.expected.length - this.received;
  }

  /** Resolves when all that was expected has come. */
  abstract drained(): Promise<void>;
  abstract [Symbol.asyncDispose](): Promise<void>;

  protected check(bytes: Buffer, start: number, end: number, from: string): void {
    const next = this.expected[this.received];
    if (next === undefined) throw new Error(`${this.place.host} got ${end - start} bytes too many`);
    if (end - start !== next.end - next.start || bytes.compare(this.#pattern, next.start, next.end, start, end) !== 0) {
      throw new Error(`${this.place.host} got ${end - start} bytes for the ${next.end - next.start} that were due`);
    }
    if (next.from !== undefined && next.from !== from) throw new Error(`from ${from}, where ${next.from} was due`);
    this.received++;
  }

  protected forget(): void {
    this.expected.length = 0;
    this.received = 0;
  }

  protected late(): Error {
    return new Error(`${this.waiting} datagrams did not come to ${this.place.host}`);
  }
}

/** One on `node:dgram`, which knows nothing of batches. */
export class PlainPeer extends CountedPeer {
  readonly place: Place;
  readonly #socket: Socket;
  #failed: Error | undefined;
  #wake: (() => void) | undefined;

  private constructor(pattern: Buffer, socket: Socket) {
    super(pattern);
    this.#socket = socket;
    this.place = { host: socket.address().address, port: socket.address().port };
    socket.setRecvBufferSize(limits.udpBufferBytes);
    socket.on('message', (bytes, { address }) => {
      try {
        this.check(bytes, 0, bytes.length, address);
      } catch (error) {
        this.#failed ??= error instanceof Error ? error : new Error(String(error));
      }
      if (this.#failed !== undefined || this.waiting === 0) this.#wake?.();
    });
  }

  static async open(pattern: Buffer, host: string): Promise<PlainPeer> {
    const socket = createSocket(host.includes(':') ? 'udp6' : 'udp4');
    socket.bind(0, host);
    await once(socket, 'listening');
    return new PlainPeer(pattern, socket);
  }

  async drained(): Promise<void> {
    if (this.#failed === undefined && this.waiting > 0) {
      const drained = new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
      const timer = setTimeout(() => {
        this.#failed = this.late();
        this.#wake?.();
      }, drainMsMax);
      await drained;
      clearTimeout(timer);
      this.#wake = undefined;
    }
    if (this.#failed !== undefined) throw this.#failed;
    this.forget();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#socket.close();
    await once(this.#socket, 'close');
  }
}

/** One on a batched port, for which the kernel joins what came cut up. */
export class JoiningPeer extends CountedPeer {
  readonly place: Place;
  readonly peer: BatchedPeer;
  messages = 0;

  private constructor(pattern: Buffer, peer: BatchedPeer) {
    super(pattern);
    this.peer = peer;
    this.place = peer.place();
  }

  static async open(pattern: Buffer, host: string): Promise<JoiningPeer> {
    return new JoiningPeer(pattern, await BatchedPeer.open({ host }));
  }

  async drained(): Promise<void> {
    this.messages += this.peer.receiveUntil(
      () => this.waiting <= 0,
      ({ path, pathAt, bytes, start, end }) => this.check(bytes, start, end, placeOf(path, pathAt).host),
    );
    this.forget();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.peer[Symbol.dispose]();
  }
}
