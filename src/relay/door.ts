import { type Clock, type EndReason, LatchkeyError, limits, type SessionId } from '../base/index.ts';
import { isVerifiedPair, type VerifiedPair } from '../pairing/index.ts';
import type { RelayObserver } from './create-relay.ts';
import type { WireRates } from './engine/leg.ts';
import { IdleWatch, type Watched } from './idle-watch.ts';
import type {
  IceCredentials,
  Relay,
  RelayAddress,
  RelayCounters,
  RelayGauges,
  Reservation,
  Wire,
  WireEvents,
  WireStats,
  WorkerCounters,
} from './index.ts';
import type { MediaWorker } from './media/media-worker.ts';
import { sumOf } from './sums.ts';
import type { TcpNumbers } from './tcp/counters.ts';

/** A media worker, and where clients find it. */
export interface Seat {
  readonly worker: MediaWorker;
  readonly addresses: readonly RelayAddress[];
}

export interface DoorParts {
  readonly seats: readonly Seat[];
  /** Media workers that died so far. */
  workersFailed(): number;
  /** What is known of TCP. */
  tcp(): TcpNumbers;
  /** Lets go of what the workers do not own themselves. */
  closePorts(): Promise<void>;
  /** How long a camera may send no media, in milliseconds. Undefined: for ever. */
  readonly idleMsMax: number | undefined;
}

/** What the door knows of one session's wire. */
interface Entry {
  readonly seat: Seat;
  readonly session: SessionId;
  readonly events: WireEvents;
  /** Its figures at the end. */
  final: WireStats | undefined;
  /** What watches whether media comes. */
  watched: Watched | undefined;
}

/** THE DOOR: the one way to a wire, for a pair and for nothing else. It sees no datagram, and the workers see no pair. */
export class Door implements Relay {
  readonly addresses: readonly RelayAddress[];
  readonly #seats: readonly Seat[];
  readonly #parts: DoorParts;
  readonly #clock: Clock;
  readonly #observer: RelayObserver;
  readonly #load: Load;
  readonly #sessions = new Set<SessionId>();
  readonly #entries = new Set<Entry>();
  readonly #idle: IdleWatch | undefined;
  #closing: Promise<void> | undefined;

  constructor(parts: DoorParts, clock: Clock, observer: RelayObserver) {
    this.addresses = parts.seats.flatMap(({ addresses }) => addresses);
    this.#seats = parts.seats;
    this.#parts = parts;
    this.#clock = clock;
    this.#observer = observer;
    this.#load = new Load(parts.seats, clock);
    this.#idle = parts.idleMsMax === undefined ? undefined : new IdleWatch(clock, parts.idleMsMax);
  }

  get counters(): RelayCounters {
    const { workersFailed, tcp } = this.#parts;
    return { ...sumOf(this.#seats.map(({ worker }) => worker.counters)), workersFailed: workersFailed(), tcp: tcp() };
  }

  get workers(): WorkerCounters[] {
    return this.#seats.map(({ worker }) => worker.figures);
  }

  get gauges(): RelayGauges {
    return sumOf(this.#seats.map(({ worker }) => worker.sizes));
  }

  reserve(pair: VerifiedPair, session: SessionId): Reservation {
    if (!isVerifiedPair(pair)) throw new TypeError('A wire opens for a VerifiedPair and for nothing else.');
    if (this.#sessions.has(session)) throw new TypeError('A session has one wire.');
    if (this.#closing !== undefined) throw new LatchkeyError('overloaded', 'the relay is stopping');
    demandLive(pair, this.#clock.now());
    const seat = this.#load.lightest();
    if (seat === undefined) throw new LatchkeyError('overloaded', 'no media worker');
    this.#sessions.add(session);
    let state: 'reserved' | 'opened' | 'released' = 'reserved';
    return {
      addresses: seat.addresses,
      open: async (viewer, camera, events) => {
        if (state === 'opened') throw new TypeError('A session has one wire.');
        if (state === 'released') throw new LatchkeyError('peer-gone');
        state = 'opened';
        return this.#open({ seat, session, events, final: undefined, watched: undefined }, pair, viewer, camera);
      },
      release: () => {
        if (state === 'reserved') this.#sessions.delete(session);
        if (state !== 'opened') state = 'released';
      },
    };
  }

  useRates(rates: WireRates): void {
    for (const { worker } of this.#seats) worker.useRates(rates);
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #open(entry: Entry, pair: VerifiedPair, viewer: IceCredentials, camera: IceCredentials): Promise<Wire> {
    const { worker } = entry.seat;
    this.#entries.add(entry);
    try {
      demandLive(pair, this.#clock.now());
      const number = await worker.open(pair.expiresAtMs, viewer, camera, {
        session: entry.session,
        latched: (side) => entry.events.latched?.(side),
        media: (side) => entry.events.media?.(side),
        ended: (reason, stats) => this.#ended(entry, reason, stats),
      });
      this.#watch(entry, number);
      return this.#wire(entry, pair, number);
    } catch (error) {
      this.#forget(entry);
      throw error;
    }
  }

  #wire(entry: Entry, pair: VerifiedPair, number: number): Wire {
    const { worker } = entry.seat;
    return {
      stats: () => entry.final ?? worker.stats(number),
      restart: async (viewer, camera) => {
        this.#demandOpen(entry);
        await worker.restart(number, viewer, camera);
        this.#demandOpen(entry);
      },
      extend: (fresh) => {
        if (!isVerifiedPair(fresh)) throw new TypeError('A wire is extended by a VerifiedPair and by nothing else.');
        if (fresh.subject !== pair.subject || fresh.device !== pair.device) {
          throw new LatchkeyError('not-allowed', 'another pair');
        }
        demandLive(fresh, this.#clock.now());
        this.#demandOpen(entry);
        worker.extend(number, fresh.expiresAtMs);
      },
      end: () => this.#end(entry, number),
    };
  }

  /** Says whether it was this that ended it. */
  #end(entry: Entry, number: number): boolean {
    if (!this.#forget(entry)) return false;
    entry.final = entry.seat.worker.stats(number);
    entry.seat.worker.end(number);
    return true;
  }

  #watch(entry: Entry, number: number): void {
    if (this.#idle === undefined || !this.#entries.has(entry)) return;
    entry.watched = {
      packets: () => entry.seat.worker.cameraMedia(number),
      idle: () => {
        if (!this.#end(entry, number)) return;
        this.#observer.ended?.(entry.session, 'idle');
        entry.events.ended('idle');
      },
    };
    this.#idle.add(entry.watched);
  }

  /** The wire is over in its worker too. Who ended it by itself knows already, and has forgotten it. */
  #ended(entry: Entry, reason: EndReason | undefined, stats: WireStats): void {
    entry.final = stats;
    this.#observer.finished?.(stats);
    if (this.#forget(entry)) {
      const told = reason ?? 'relay-stopping';
      this.#observer.ended?.(entry.session, told);
      entry.events.ended(told);
    }
    entry.events.finished?.(stats);
  }

  #forget(entry: Entry): boolean {
    if (!this.#entries.delete(entry)) return false;
    this.#sessions.delete(entry.session);
    if (entry.watched !== undefined) this.#idle?.delete(entry.watched);
    return true;
  }

  #demandOpen(entry: Entry): void {
    if (!this.#entries.has(entry)) throw new LatchkeyError('peer-gone');
  }

  async #close(): Promise<void> {
    const closing = this.#seats.map(({ worker }) => worker.close());
    try {
      await Promise.all(closing);
    } finally {
      await this.#parts.closePorts();
    }
  }
}

/** Chooses by what each worker moves, and what it was given since that was measured. */
class Load {
  readonly #clock: Clock;
  readonly #workers: { readonly seat: Seat; forwarded: number; perSecond: number; placed: number }[];
  #measuredAtMs: number;

  constructor(seats: readonly Seat[], clock: Clock) {
    this.#clock = clock;
    this.#measuredAtMs = clock.now();
    this.#workers = seats.map((seat) => ({ seat, forwarded: 0, perSecond: 0, placed: 0 }));
  }

  lightest(): Seat | undefined {
    this.#measure();
    const serving = this.#workers.filter(({ seat }) => seat.worker.serves);
    const [first, ...others] = serving;
    if (first === undefined) return undefined;
    const lightest = others.reduce((best, other) => (loadOf(other) < loadOf(best) ? other : best), first);
    lightest.placed++;
    return lightest.seat;
  }

  #measure(): void {
    const nowMs = this.#clock.now();
    // A clock that was set back would otherwise stop the measuring for as long.
    const elapsedMs = Math.abs(nowMs - this.#measuredAtMs);
    if (elapsedMs < limits.loadSampleMs) return;
    for (const worker of this.#workers) {
      const { forwarded } = worker.seat.worker;
      worker.perSecond = ((forwarded - worker.forwarded) * 1000) / elapsedMs;
      worker.forwarded = forwarded;
      worker.placed = 0;
    }
    this.#measuredAtMs = nowMs;
  }
}

/** A live view moves about this many packets a second, and one without media still wants to be looked after. */
const packetsPerView = 200;
const packetsPerQuietView = 2;

function loadOf({ seat, perSecond, placed }: { seat: Seat; perSecond: number; placed: number }): number {
  return perSecond + packetsPerView * placed + packetsPerQuietView * seat.worker.wires;
}

function demandLive(pair: VerifiedPair, nowMs: number): void {
  if (pair.expiresAtMs <= nowMs) throw new LatchkeyError('not-allowed', 'expired pair');
}
