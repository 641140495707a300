import { readFile } from 'node:fs/promises';
import { type Clock, LatchkeyError, limits, type RandomSource, type Timer } from '../base/index.ts';
import { readTicketKeys, ringOf, type TicketKey, type TicketKeys, ticketKey } from './ticket-keys.ts';

/** What the keys of tickets have to tell: others are in use now, or newer ones could not be had and the old ones stay. */
export interface TicketKeysObserver {
  ticketKeys?(outcome: 'rotated' | 'taken' | 'failed'): void;
}

/** One key as it is kept: 32 random bytes in base64url, and when it was made, in milliseconds since the epoch. */
export interface KeptTicketKey {
  readonly secret: string;
  readonly madeAtMs: number;
}

/** Where a relay keeps its own keys. */
export interface TicketKeyStore {
  /** Gives what is kept; what `make` makes is kept the first time. */
  load(make: () => Promise<readonly KeptTicketKey[]>): Promise<readonly KeptTicketKey[]>;
  /** Puts these in the place of those before, whole or not at all. */
  save(keys: readonly KeptTicketKey[]): Promise<void>;
}

export interface KeptTicketKeysParts {
  readonly store: TicketKeyStore;
  /** How long a key signs, in seconds; the one before it verifies for `lifetimeSecondsMax` more. */
  readonly rotateSeconds: number;
  readonly lifetimeSecondsMax: number;
  readonly clock: Clock;
  readonly random: RandomSource;
  readonly observer: TicketKeysObserver;
}

/** A relay's own keys, which it changes by itself. Throws `settings-invalid` where what is kept cannot be used. */
export async function keptTicketKeys(parts: KeptTicketKeysParts): Promise<TicketKeys> {
  const ring = new KeptKeys(parts);
  await ring.turn();
  return ring;
}

class KeptKeys implements TicketKeys {
  readonly #parts: KeptTicketKeysParts;
  #keys: readonly TicketKey[] = [];
  #timer: Timer | undefined;
  #closed = false;

  constructor(parts: KeptTicketKeysParts) {
    this.#parts = parts;
  }

  get signing(): TicketKey {
    return ringOf(this.#keys).signing;
  }

  find(id: string): TicketKey | undefined {
    return this.#keys.find((key) => key.id === id);
  }

  close(): void {
    this.#closed = true;
    this.#timer?.cancel();
  }

  /** Takes what is kept, and puts a new key before it where the newest has signed for long enough. */
  async turn(): Promise<void> {
    const { store, rotateSeconds, clock } = this.#parts;
    const loaded = sound(await store.load(async () => [this.#newKey()]));
    const dated = this.#dated(loaded);
    const isDue = clock.now() - newestOf(dated).madeAtMs >= rotateSeconds * 1000;
    const kept = isDue ? this.#inForce([this.#newKey(), ...dated]) : dated;
    if (kept !== loaded) await store.save(kept);
    if (isDue) this.#parts.observer.ticketKeys?.('rotated');
    const lasting = this.#inForce(kept);
    this.#keys = lasting.map(({ secret }, index) =>
      ticketKey(Buffer.from(secret, 'base64url'), this.#endOf(lasting, index)),
    );
    this.#later(newestOf(lasting).madeAtMs + rotateSeconds * 1000 - clock.now());
  }

  /** Was made by now at the latest: one of a clock that was ahead would sign for so much longer. */
  #dated(kept: readonly KeptTicketKey[]): readonly KeptTicketKey[] {
    const nowMs = this.#parts.clock.now();
    if (kept.every(({ madeAtMs }) => madeAtMs <= nowMs)) return kept;
    return kept.map(({ secret, madeAtMs }) => ({ secret, madeAtMs: Math.min(madeAtMs, nowMs) }));
  }

  #later(ms: number): void {
    if (this.#closed) return;
    const delayMs = Math.min(Math.max(ms, limits.ticketKeysLookMs), limits.timerMsMax);
    this.#timer = this.#parts.clock.after(delayMs, () => {
      this.turn().catch(() => {
        this.#parts.observer.ticketKeys?.('failed');
        this.#later(limits.ticketKeysLookMs);
      });
    });
  }

  #newKey(): KeptTicketKey {
    const { random, clock } = this.#parts;
    return { secret: random.bytes(limits.ticketKeyBytesMin).toString('base64url'), madeAtMs: clock.now() };
  }

  /** Those that may still be needed, the newest first. */
  #inForce(keys: readonly KeptTicketKey[]): KeptTicketKey[] {
    const sorted = [...keys].sort((a, b) => b.madeAtMs - a.madeAtMs).slice(0, limits.ticketKeysMax);
    return sorted.filter((_, index) => this.#endOf(sorted, index) > this.#parts.clock.now());
  }

  /** A key's last ticket was made when the next key came. */
  #endOf(keys: readonly KeptTicketKey[], index: number): number {
    const next = keys[index - 1];
    return next === undefined ? Number.POSITIVE_INFINITY : next.madeAtMs + this.#parts.lifetimeSecondsMax * 1000;
  }
}

function newestOf(keys: readonly KeptTicketKey[]): KeptTicketKey {
  return keys.reduce((newest, key) => (key.madeAtMs > newest.madeAtMs ? key : newest));
}

function sound(kept: unknown): readonly KeptTicketKey[] {
  const isKey = (key: unknown): key is KeptTicketKey => {
    const { secret, madeAtMs } = (key ?? {}) as Partial<Record<keyof KeptTicketKey, unknown>>;
    if (typeof secret !== 'string' || !Number.isFinite(madeAtMs)) return false;
    return Buffer.from(secret, 'base64url').length === limits.ticketKeyBytesMin;
  };
  if (Array.isArray(kept) && kept.length > 0 && kept.length <= limits.ticketKeysMax && kept.every(isKey)) return kept;
  throw new LatchkeyError('settings-invalid', 'the keys of tickets that were kept are damaged; move them away');
}

/**
 * Keys in a file, as `readTicketKeys` reads them, for relays that share them. It is read again every
 * `limits.ticketKeysLookMs`; while it cannot be used, the keys before stay. Throws `settings-invalid` where it cannot be used at the start.
 */
export async function sharedTicketKeys(file: string, clock: Clock, observer: TicketKeysObserver): Promise<TicketKeys> {
  let text = await textOf(file);
  let ring = ringOf(readTicketKeys(text));
  let timer: Timer;
  let closed = false;

  async function look(): Promise<void> {
    const before = text;
    try {
      text = await textOf(file);
      if (text !== before) {
        ring = ringOf(readTicketKeys(text));
        observer.ticketKeys?.('taken');
      }
    } catch {
      if (text !== before || before !== '') observer.ticketKeys?.('failed');
      text = '';
    }
    if (!closed) later();
  }

  function later(): void {
    timer = clock.after(limits.ticketKeysLookMs, () => void look());
  }

  later();
  return {
    get signing() {
      return ring.signing;
    },
    find: (id) => ring.find(id),
    close() {
      closed = true;
      timer.cancel();
    },
  };
}

async function textOf(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    throw new LatchkeyError('settings-invalid', `the keys of tickets: ${(error as Error).message}`, { cause: error });
  }
}
