import type { Duplex } from 'node:stream';
import { type Clock, isOver, limits, MovableTimer } from '../base/index.ts';
import { RespReader, type RespReply, respCommand } from './resp.ts';

/**
 * Why a connection ended. `lost`: closed, or never there. `late`: an answer did not come in time. `foreign`: what came is no
 * answer to what was asked. `refused`: the server does not let us in. `closed`: by ourselves.
 */
export type ConnectionEnd = 'lost' | 'late' | 'foreign' | 'refused' | 'closed';

interface Waiting {
  readonly askedMs: number;
  readonly msMax: number;
  resolve(reply: RespReply): void;
  reject(error: Error): void;
}

/**
 * One connection to Redis or Valkey, used until its first fault and never after it: replies have no name in this protocol and are
 * told apart by their order alone, so one that is late, lost or repeated makes all that follow it another question's.
 */
export class RedisConnection {
  readonly #socket: Duplex;
  readonly #clock: Clock;
  readonly #ended: (why: ConnectionEnd, code: string | undefined) => void;
  readonly #reader = new RespReader();
  readonly #waiting: Waiting[] = [];
  readonly #late: MovableTimer;
  #open = true;
  #corked = false;

  /** `ended` is called once; `code` is the system’s word for why, such as `ECONNREFUSED`, where there is one. */
  constructor(socket: Duplex, clock: Clock, ended: (why: ConnectionEnd, code: string | undefined) => void) {
    this.#socket = socket;
    this.#clock = clock;
    this.#ended = ended;
    this.#late = new MovableTimer(clock, () => setImmediate(() => this.#endIfLate()));
    socket.on('data', (chunk: Buffer) => this.#take(chunk));
    socket.on('error', ({ code }: NodeJS.ErrnoException) => this.end('lost', code));
    socket.on('close', () => this.end('lost'));
  }

  /** How many commands wait for their reply. */
  get waiting(): number {
    return this.#waiting.length;
  }

  /** Sends a command. Rejects when the connection ends before its reply, which comes within `limits.sharedAnswerMsMax`. */
  ask(parameters: readonly string[], msMax: number = limits.sharedAnswerMsMax): Promise<RespReply> {
    if (!this.#open) return Promise.reject(new Error('the connection to the shared cache has ended'));
    return new Promise((resolve, reject) => {
      this.#waiting.push({ askedMs: this.#clock.now(), msMax, resolve, reject });
      this.#watch();
      this.#send(respCommand(parameters));
    });
  }

  end(why: ConnectionEnd, code?: string): void {
    if (!this.#open) return;
    this.#open = false;
    this.#late.cancel();
    this.#socket.destroy();
    const error = new Error(`the connection to the shared cache has ended: ${why}`);
    for (const { reject } of this.#waiting.splice(0)) reject(error);
    this.#ended(why, code);
  }

  /** What is sent in one turn goes in one piece. */
  #send(text: string): void {
    if (!this.#corked) {
      this.#corked = true;
      this.#socket.cork();
      process.nextTick(() => {
        this.#corked = false;
        this.#socket.uncork();
      });
    }
    this.#socket.write(text);
  }

  #take(chunk: Buffer): void {
    try {
      for (const reply of this.#reader.read(chunk)) {
        if (!this.#open) return;
        const next = this.#waiting.shift();
        if (next === undefined) this.end('foreign');
        else next.resolve(reply);
      }
      this.#watch();
    } catch {
      this.end('foreign');
    }
  }

  #watch(): void {
    if (!this.#open) return;
    const [first] = this.#waiting;
    if (first === undefined) this.#late.cancel();
    else this.#late.set(this.#isLate(first) ? this.#clock.now() : first.askedMs + first.msMax);
  }

  /** Whoever was busy looks at what has arrived meanwhile before calling anything late: this runs after that. */
  #endIfLate(): void {
    const [first] = this.#waiting;
    if (first !== undefined && this.#isLate(first)) this.end('late');
    else this.#watch();
  }

  #isLate({ askedMs, msMax }: Waiting): boolean {
    return isOver(this.#clock.now(), askedMs, msMax);
  }
}
