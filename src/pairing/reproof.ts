import { type Clock, type DeviceId, isOver, LatchkeyError, limits, MovableTimer } from '../base/index.ts';
import type { OwnershipChange, OwnershipWatch } from '../ownership/index.ts';
import { objectionOf } from './rules.ts';
import type { Session, SessionsObserver } from './sessions.ts';
import { mintPair, VerifiedPair } from './verified-pair.ts';

/** Proves live sessions again when the source tells that what they rest on may have changed. */
export interface Reproof extends SessionsObserver {
  /** Takes a session into its care, until it ends. */
  paired(session: Session): void;
  /** Sessions that are to be proven again, and have not been. */
  readonly pending: number;
  close(): void;
}

/** What this part has to tell. */
export interface ReproofObserver {
  /**
   * `holds`: the session goes on, and `fresh` is what its source says now. `ended`: its pair does not hold any more. `unanswered`: nobody
   * could say; it is asked again.
   */
  reproved?(outcome: 'holds' | 'ended' | 'unanswered', session: Session, fresh?: VerifiedPair): void;
  /** Something threw that is not an answer. */
  internal?(thrown: unknown): void;
}

/**
 * A session whose grant changed is proven again by the source itself, and ends as `revoked` where the source says no. While
 * nobody can say, a session goes on if any grant may have changed; if its own is known to have changed, it goes on for
 * `limits.reproofMsMax` and then ends. `limits.reproofsInFlightMax` are asked for at once, those that are known first.
 */
export function createReproof(ownership: OwnershipWatch, clock: Clock, observer: ReproofObserver = {}): Reproof {
  return new LiveReproof(ownership, clock, observer);
}

/** A session that is to be proven again: since when its own change is known, and what has come since it was asked for. */
interface Due {
  readonly session: Session;
  knownMs: number | undefined;
  changes: number;
}

class LiveReproof implements Reproof {
  readonly #ownership: OwnershipWatch;
  readonly #clock: Clock;
  readonly #observer: ReproofObserver;
  readonly #unlisten: () => void;
  readonly #live = new Map<DeviceId, Set<Session>>();
  readonly #due = new Map<Session, Due>();
  /** Those of the due that wait for their turn, in its order. */
  readonly #known = new Set<Due>();
  readonly #possible = new Set<Due>();
  readonly #rest: MovableTimer;
  #inFlight = 0;
  #restMs: number = limits.reproofRetryMsFirst;
  #resting = false;

  constructor(ownership: OwnershipWatch, clock: Clock, observer: ReproofObserver) {
    this.#ownership = ownership;
    this.#clock = clock;
    this.#observer = observer;
    this.#unlisten = ownership.changes((change) => this.#changed(change));
    this.#rest = new MovableTimer(clock, () => this.#rested());
  }

  get pending(): number {
    return this.#due.size;
  }

  /** Between a proof and the session that it opens a change may have come that found no session: it counts from when it was told. */
  paired(session: Session): void {
    const { device } = session.pair;
    const others = this.#live.get(device) ?? new Set();
    if (!others.has(session)) {
      this.#live.set(device, others.add(session));
      session.ended.addEventListener('abort', () => this.#forget(session), { once: true });
    }
    const { proof } = VerifiedPair.proofsOf(session.pair);
    if (!this.#ownership.isCurrent(proof)) this.#want(session, this.#ownership.ownChangeMs(proof));
  }

  close(): void {
    this.#unlisten();
    this.#rest.cancel();
    for (const table of [this.#live, this.#due, this.#known, this.#possible]) table.clear();
  }

  #changed(change: OwnershipChange): void {
    if (change === 'everything') {
      for (const sessions of this.#live.values()) for (const session of sessions) this.#want(session, undefined);
      return;
    }
    for (const session of this.#live.get(change.device) ?? []) {
      if (session.pair.subject === change.subject) this.#want(session, this.#clock.now());
    }
  }

  /** `knownMs`: since when its own change is known, in milliseconds since the epoch; undefined for one that is only possible. */
  #want(session: Session, knownMs: number | undefined): void {
    const due = this.#due.get(session) ?? { session, knownMs: undefined, changes: 0 };
    const isNew = due.changes === 0;
    due.changes += 1;
    due.knownMs ??= knownMs;
    this.#due.set(session, due);
    if (isNew || this.#possible.delete(due)) this.#queue(due);
    this.#next();
  }

  #queue(due: Due): void {
    (due.knownMs === undefined ? this.#possible : this.#known).add(due);
  }

  #next(): void {
    while (!this.#resting && this.#inFlight < limits.reproofsInFlightMax) {
      const [due] = this.#known.size > 0 ? this.#known : this.#possible;
      if (due === undefined) return;
      this.#known.delete(due);
      this.#possible.delete(due);
      this.#inFlight += 1;
      this.#prove(due)
        .catch((thrown: unknown) => this.#observer.internal?.(thrown))
        .finally(() => {
          this.#inFlight -= 1;
          this.#next();
        });
    }
  }

  async #prove(due: Due): Promise<void> {
    const { session, changes } = due;
    const { pair } = session;
    const { viewer } = VerifiedPair.proofsOf(pair);
    let fresh: VerifiedPair;
    try {
      const proof = await this.#ownership.again(viewer, pair.device);
      fresh = mintPair(viewer, pair.device, proof, this.#clock.now());
    } catch (thrown) {
      this.#failed(due, thrown);
      return;
    }
    if (!this.#due.has(session)) return;
    this.#restMs = limits.reproofRetryMsFirst;
    if (due.changes !== changes || session.pair !== pair) {
      this.#queue(due);
      return;
    }
    if (fresh.expiresAtMs <= this.#clock.now()) {
      this.#failed(due, new LatchkeyError('not-allowed'));
      return;
    }
    this.#due.delete(session);
    this.#observer.reproved?.('holds', session, fresh);
    if (fresh.role !== pair.role || fresh.expiresAtMs < pair.expiresAtMs) this.#goOn(session, fresh);
  }

  /** What is off for those who share may be on for an owner: under its new pair the session may have no ground. */
  #goOn(session: Session, fresh: VerifiedPair): void {
    try {
      session.extend(fresh);
    } catch (thrown) {
      if (!(thrown instanceof LatchkeyError)) throw thrown;
      session.end(objectionOf(thrown.code) ?? 'revoked');
    }
  }

  #failed(due: Due, thrown: unknown): void {
    const { session } = due;
    if (!this.#due.has(session)) return;
    const code = thrown instanceof LatchkeyError ? thrown.code : undefined;
    if (code === 'not-allowed' || code === 'token-expired') {
      this.#observer.reproved?.('ended', session);
      session.end(code === 'not-allowed' ? 'revoked' : 'expired');
      return;
    }
    if (code !== 'source-unavailable') this.#observer.internal?.(thrown);
    this.#observer.reproved?.('unanswered', session);
    this.#queue(due);
    if (this.#resting) return;
    this.#resting = true;
    this.#rest.set(this.#clock.now() + this.#restMs);
    this.#restMs = Math.min(2 * this.#restMs, limits.reproofRetryMsMax);
  }

  #rested(): void {
    this.#resting = false;
    const nowMs = this.#clock.now();
    for (const { session, knownMs } of [...this.#known]) {
      if (knownMs === undefined || !isOver(nowMs, knownMs, limits.reproofMsMax)) continue;
      this.#observer.reproved?.('ended', session);
      session.end('revoked');
    }
    this.#next();
  }

  #forget(session: Session): void {
    const { device } = session.pair;
    const others = this.#live.get(device);
    others?.delete(session);
    if (others?.size === 0) this.#live.delete(device);
    const due = this.#due.get(session);
    if (due === undefined) return;
    this.#due.delete(session);
    this.#known.delete(due);
    this.#possible.delete(due);
  }
}
