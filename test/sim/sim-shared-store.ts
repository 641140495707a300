import { limits, type Timer } from '../../src/base/index.ts';
import type { SharedStore, SharedStoreObserver } from '../../src/ownership/index.ts';
import type { Dice } from './dice.ts';
import type { Faults } from './faults.ts';
import type { SharedVault } from './shared-vault.ts';
import type { ProcessClock } from './timeline.ts';

interface Command {
  readonly kind: 'get' | 'set';
  readonly late: Timer;
  settle(reply: Reply): void;
  fail(): void;
}

interface Reply {
  readonly kind: Command['kind'];
  readonly text: string | undefined;
}

/**
 * A node’s connection to the store that all share. Its replies have no name and are told apart by their order alone: one that is swapped or comes
 * twice goes to another question, and those after it to the ones before theirs, until the connection is made anew.
 */
export class SimSharedStore implements SharedStore {
  readonly #vault: SharedVault;
  readonly #clock: ProcessClock;
  readonly #faults: Faults;
  readonly #dice: Dice;
  readonly #observer: SharedStoreObserver;
  readonly #violated: (what: string) => void;
  readonly #alarmsAtMs: number[] = [];
  #leftOutUntilMs = Number.NEGATIVE_INFINITY;
  #waiting: Command[] = [];
  #state: 'connecting' | 'connected' | 'closed' = 'connecting';
  /** Counts the connections: what comes by an older one goes nowhere. */
  #connection = 0;
  #lastMs = 0;

  constructor(
    vault: SharedVault,
    { clock, faults, dice }: { readonly clock: ProcessClock; readonly faults: Faults; readonly dice: Dice },
    observer: SharedStoreObserver,
    violated: (what: string) => void,
  ) {
    this.#vault = vault;
    this.#clock = clock;
    this.#faults = faults;
    this.#dice = dice;
    this.#observer = observer;
    this.#violated = violated;
    this.#connect();
  }

  /** Commands that have no reply yet. */
  get pending(): number {
    return this.#waiting.length;
  }

  /** The relay says that it was lied to: after a few of these it has to leave the store alone. */
  alarmed(): void {
    const nowMs = this.#clock.now();
    if (nowMs < this.#leftOutUntilMs) return;
    this.#alarmsAtMs.push(nowMs);
    const recent = this.#alarmsAtMs.filter((atMs) => atMs > nowMs - limits.sharedAlarmWindowMs);
    if (recent.length < limits.sharedAlarmsMax) return;
    this.#alarmsAtMs.length = 0;
    this.#leftOutUntilMs = nowMs + limits.sharedDistrustMsFirst;
  }

  async get(name: string): Promise<string | undefined> {
    if (this.#clock.now() < this.#leftOutUntilMs) this.#violated('a shared cache is asked that has to be left out');
    return await this.#ask('get', () => this.#vault.read(name));
  }

  async set(name: string, sealed: string, lifeMs: number): Promise<void> {
    await this.#ask('set', () => {
      this.#vault.write(name, sealed, lifeMs);
      return undefined;
    });
  }

  renew(): void {
    if (this.#state === 'connected') this.#end('lost');
  }

  close(): void {
    this.#state = 'closed';
    this.#forget();
  }

  #connect(): void {
    this.#clock.after(this.#dice.between(1, this.#dice.pick([100, 1_500])), () => {
      if (this.#state === 'closed') return;
      if (this.#faults.strikes('failing-store', 0.3)) {
        this.#observer.reached?.('lost', 'ECONNREFUSED');
        this.#connect();
        return;
      }
      this.#state = 'connected';
      this.#observer.reached?.('connected', undefined);
    });
  }

  #ask(kind: Command['kind'], work: () => string | undefined): Promise<string | undefined> {
    if (this.#state !== 'connected') throw new Error('the shared cache is not there');
    const connection = this.#connection;
    const { promise, resolve, reject } = Promise.withResolvers<string | undefined>();
    this.#waiting.push({
      kind,
      late: this.#clock.after(limits.sharedAnswerMsMax, () => this.#end('late')),
      settle: ({ text }) => resolve(text),
      fail: () => reject(new Error('the shared cache cannot answer')),
    });
    this.#clock.after(this.#nextMs() - this.#clock.now(), () => {
      if (connection !== this.#connection) return;
      if (this.#faults.strikes('failing-store', 0.05)) this.#end('lost');
      else this.#reply({ kind, text: work() }, connection);
    });
    return promise;
  }

  /** Replies come in the order of their commands. */
  #nextMs(): number {
    const slow = this.#faults.strikes('slow-store', 0.2);
    const delayMs = slow ? this.#dice.between(20, this.#dice.pick([150, 400])) : this.#dice.between(1, 10);
    this.#lastMs = Math.max(this.#lastMs, this.#clock.now() + delayMs);
    return this.#lastMs;
  }

  #reply(reply: Reply, connection: number): void {
    if (this.#waiting.length > 1 && this.#faults.strikes('swapping-store', 0.2)) this.#swap();
    this.#take(reply);
    if (!this.#faults.strikes('doubling-store', 0.08)) return;
    this.#clock.after(this.#dice.between(0, 100), () => {
      if (connection === this.#connection) this.#take(reply);
    });
  }

  #swap(): void {
    const at = this.#dice.between(1, this.#waiting.length - 1);
    const [first, other] = [this.#waiting[0], this.#waiting[at]];
    if (first === undefined || other === undefined) return;
    this.#waiting[0] = other;
    this.#waiting[at] = first;
  }

  #take(reply: Reply): void {
    const next = this.#waiting.shift();
    next?.late.cancel();
    if (next?.kind === reply.kind) {
      next.settle(reply);
      return;
    }
    next?.fail();
    this.#end('foreign');
  }

  #end(why: 'lost' | 'late' | 'foreign'): void {
    if (this.#state !== 'connected') return;
    this.#state = 'connecting';
    this.#forget();
    this.#connect();
    if (why === 'foreign') this.#observer.foreign();
    else this.#observer.reached?.(why, undefined);
  }

  #forget(): void {
    this.#connection += 1;
    for (const { late, fail } of this.#waiting.splice(0)) {
      late.cancel();
      fail();
    }
  }
}
