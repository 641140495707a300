import assert from 'node:assert/strict';
import {
  type Clock,
  Counts,
  type DeviceId,
  type EndReason,
  inSlices,
  LatchkeyError,
  limits,
  newSessionId,
  type RandomSource,
  type SessionId,
  type SubjectId,
} from '../base/index.ts';
import { isVerifiedCamera, type VerifiedCamera } from '../identity/index.ts';
import { LiveSession } from './live-session.ts';
import { demandUnopposed, noObjections, type PairRules } from './rules.ts';
import { samePair, VerifiedPair } from './verified-pair.ts';

/** One live view: a verified pair and its end. Everything else that concerns it hangs on `ended`. */
export interface Session {
  readonly id: SessionId;
  readonly pair: VerifiedPair;
  readonly startedAtMs: number;
  /** Milliseconds since the epoch; it changes only by `extend`. */
  readonly expiresAtMs: number;
  /** Aborted when the session ends; its `reason` is an `EndReason`. */
  readonly ended: AbortSignal;
  /** Ends the session for both sides. Calling it twice does nothing. */
  end(reason: EndReason): void;
  /**
   * Lives on under a fresh pair of the same subject and device. Throws `not-allowed` for any other pair or one that has
   * expired, what `Sessions.open` does for one that something stands against, and `peer-gone` after the end.
   */
  extend(pair: VerifiedPair): void;
}

/** The table of live sessions. There is no way in but a verified pair, and no way to a session but a proof that names it. */
export interface Sessions {
  readonly size: number;
  /**
   * Throws `session-limit`, `device-busy` or `overloaded` at the bounds, `not-allowed` for a pair that has expired, and
   * `token-revoked`, `device-quarantined` or `switched-off` for one that something stands against.
   */
  open(pair: VerifiedPair): Session;
  /** The session of that id if it belongs to the same subject and device. Throws `session-unknown`, or `peer-gone` after its end. */
  ofViewer(id: string, pair: VerifiedPair): Session;
  /** The session of that id if it belongs to that camera. Throws `session-unknown`, or `peer-gone` after its end. */
  ofCamera(id: string, camera: VerifiedCamera): Session;
  /** Ends all sessions that match, and says how many. */
  endWhere(match: (pair: VerifiedPair) => boolean, reason: EndReason): number;
  /** Ends every session whose pair something stands against now, many at a time, and says how many. From then on none is of use. */
  review(): Promise<number>;
  /** The sessions that such rules would stand against, which nothing happens to. */
  opposed(rules: PairRules): Promise<readonly SessionId[]>;
}

export interface SessionSettings {
  /** The longest that a session may live, however long its token does, in milliseconds. */
  lifetimeMsMax: number;
  perDeviceMax: number;
  perSubjectMax: number;
}

/** What the table has to tell. */
export interface SessionsObserver {
  /** A session has opened, or lives on under another pair. */
  paired?(session: Session): void;
}

export function createSessions(
  settings: SessionSettings,
  clock: Clock,
  random: RandomSource,
  observer: SessionsObserver = {},
  rules: PairRules = noObjections,
): Sessions {
  const live = new Map<string, LiveSession>();
  const past = new Map<string, VerifiedPair>();
  const perDevice = new Counts<DeviceId>();
  const perSubject = new Counts<SubjectId>();

  function demand(id: string, owns: (pair: VerifiedPair) => boolean): Session {
    const session = live.get(id);
    if (session !== undefined && owns(session.pair) && session.inForce()) return session;
    const gone = past.get(id);
    throw new LatchkeyError(gone !== undefined && owns(gone) ? 'peer-gone' : 'session-unknown');
  }

  const paired = (session: Session) => observer.paired?.(session);

  function forget({ id, pair }: Session): void {
    live.delete(id);
    perDevice.take(pair.device);
    perSubject.take(pair.subject);
    past.set(id, pair);
    if (past.size <= limits.endedSessionsRememberedMax) return;
    const [oldest] = past.keys();
    if (oldest !== undefined) past.delete(oldest);
  }

  return {
    get size() {
      return live.size;
    },

    open(pair) {
      if (!VerifiedPair.is(pair)) throw new TypeError('A session opens for a VerifiedPair and for nothing else.');
      if (!(pair.expiresAtMs > clock.now())) throw new LatchkeyError('not-allowed', 'expired pair');
      demandUnopposed(rules, pair);
      if (live.size >= limits.sessionsMax) throw new LatchkeyError('overloaded', 'sessions');
      if (perDevice.of(pair.device) >= settings.perDeviceMax) throw new LatchkeyError('device-busy');
      if (perSubject.of(pair.subject) >= settings.perSubjectMax) throw new LatchkeyError('session-limit');
      const id = newSessionId(random);
      assert(!live.has(id) && !past.has(id), 'a session id never comes twice');
      const session = new LiveSession(id, pair, settings.lifetimeMsMax, clock, rules, forget, paired);
      live.set(id, session);
      perDevice.add(pair.device);
      perSubject.add(pair.subject);
      paired(session);
      return session;
    },

    ofViewer(id, pair) {
      if (!VerifiedPair.is(pair)) {
        throw new TypeError('A session is reached with a VerifiedPair and with nothing else.');
      }
      return demand(id, (held) => samePair(held, pair));
    },

    ofCamera(id, camera) {
      if (!isVerifiedCamera(camera)) {
        throw new TypeError('A camera reaches its session with its proof and with nothing else.');
      }
      return demand(id, (held) => held.device === camera.device);
    },

    endWhere(match, reason) {
      const ending = [...live.values()].filter((session) => match(session.pair));
      for (const session of ending) session.end(reason);
      return ending.length;
    },

    review: () => inSlices(clock, live.values(), (session) => session.endIfOpposed()),

    async opposed(others) {
      const opposed: SessionId[] = [];
      await inSlices(clock, live.values(), ({ id, pair }) => {
        if (others.against(pair) !== undefined) opposed.push(id);
        return false;
      });
      return opposed;
    },
  };
}
