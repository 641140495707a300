import {
  type Clock,
  type DeviceId,
  type EndReason,
  LatchkeyError,
  limits,
  newSessionId,
  type RandomSource,
  type SessionId,
  type Timer,
} from '../base/index.ts';
import type { VerifiedCamera } from '../identity/index.ts';
import { isVerifiedCamera } from '../identity/index.ts';
import { VerifiedPair } from './verified-pair.ts';

/** One live view: a verified pair and its end. Everything else that concerns it hangs on `ended`. */
export interface Session {
  readonly id: SessionId;
  readonly pair: VerifiedPair;
  readonly startedAtMs: number;
  /** Milliseconds since the epoch; grows only by `extend`. */
  readonly expiresAtMs: number;
  /** Aborted when the session ends; its `reason` is an `EndReason`. */
  readonly ended: AbortSignal;
  /** Ends the session for both sides. Calling it twice does nothing. */
  end(reason: EndReason): void;
  /** Lives on under a fresh pair of the same subject and device. Throws `not-allowed` for any other pair. */
  extend(pair: VerifiedPair): void;
}

/** The table of live sessions. There is no way in but a verified pair, and no way to a session but a proof that names it. */
export interface Sessions {
  readonly size: number;
  /** Throws `session-limit`, `device-busy` or `overloaded` at the bounds. */
  open(pair: VerifiedPair): Session;
  /** The session of that id if it belongs to the same subject and device. Throws `session-unknown`, or `peer-gone` after its end. */
  ofViewer(id: string, pair: VerifiedPair): Session;
  /** The session of that id if it belongs to that camera. Throws `session-unknown`, or `peer-gone` after its end. */
  ofCamera(id: string, camera: VerifiedCamera): Session;
  /** Ends all sessions that match, and says how many. */
  endWhere(match: (pair: VerifiedPair) => boolean, reason: EndReason): number;
}

interface Entry extends Session {
  pair: VerifiedPair;
  expiresAtMs: number;
  timer: Timer;
}

export interface SessionSettings {
  /** The longest that a session may live, however long its token does, in milliseconds. */
  lifetimeMsMax: number;
  perDeviceMax: number;
  perSubjectMax: number;
}

export function createSessions(settings: SessionSettings, clock: Clock, random: RandomSource): Sessions {
  const live = new Map<SessionId, Entry>();
  const past = new Map<string, VerifiedPair>();
  const perDevice = new Map<DeviceId, number>();
  const perSubject = new Map<string, number>();

  function demand(id: string, owns: (pair: VerifiedPair) => boolean): Session {
    const entry = live.get(id as SessionId);
    if (entry !== undefined && owns(entry.pair)) return entry;
    const gone = past.get(id);
    throw new LatchkeyError(gone !== undefined && owns(gone) ? 'peer-gone' : 'session-unknown');
  }

  function forget(entry: Entry): void {
    entry.timer.cancel();
    live.delete(entry.id);
    count(perDevice, entry.pair.device, -1);
    count(perSubject, entry.pair.subject, -1);
    past.set(entry.id, entry.pair);
    if (past.size > limits.endedSessionsRememberedMax) {
      const oldest = past.keys().next().value;
      if (oldest !== undefined) past.delete(oldest);
    }
  }

  return {
    get size() {
      return live.size;
    },

    open(pair) {
      if (!VerifiedPair.is(pair)) throw new TypeError('A session opens for a VerifiedPair and for nothing else.');
      if (live.size >= limits.sessionsMax) throw new LatchkeyError('overloaded', 'sessions');
      if ((perDevice.get(pair.device) ?? 0) >= settings.perDeviceMax) throw new LatchkeyError('device-busy');
      if ((perSubject.get(pair.subject) ?? 0) >= settings.perSubjectMax) throw new LatchkeyError('session-limit');
      const now = clock.now();
      const latestEndMs = now + settings.lifetimeMsMax;
      const controller = new AbortController();
      const expire = () => entry.end('expired');
      const entry: Entry = {
        id: newSessionId(random),
        pair,
        startedAtMs: now,
        expiresAtMs: Math.min(pair.expiresAtMs, latestEndMs),
        ended: controller.signal,
        timer: clock.after(0, () => {}),
        end(reason) {
          if (controller.signal.aborted) return;
          forget(entry);
          controller.abort(reason);
        },
        extend(fresh) {
          if (!VerifiedPair.is(fresh) || !samePair(fresh, entry.pair))
            throw new LatchkeyError('not-allowed', 'another pair');
          if (controller.signal.aborted) throw new LatchkeyError('peer-gone');
          entry.timer.cancel();
          entry.pair = fresh;
          entry.expiresAtMs = Math.min(fresh.expiresAtMs, latestEndMs);
          entry.timer = timerUntil(clock, entry.expiresAtMs, expire);
        },
      };
      entry.timer.cancel();
      entry.timer = timerUntil(clock, entry.expiresAtMs, expire);
      live.set(entry.id, entry);
      count(perDevice, pair.device, 1);
      count(perSubject, pair.subject, 1);
      return entry;
    },

    ofViewer(id, pair) {
      if (!VerifiedPair.is(pair))
        throw new TypeError('A session is reached with a VerifiedPair and with nothing else.');
      return demand(id, (held) => samePair(held, pair));
    },

    ofCamera(id, camera) {
      if (!isVerifiedCamera(camera))
        throw new TypeError('A camera reaches its session with its proof and with nothing else.');
      return demand(id, (held) => held.device === camera.device);
    },

    endWhere(match, reason) {
      const ending = [...live.values()].filter((entry) => match(entry.pair));
      for (const entry of ending) entry.end(reason);
      return ending.length;
    },
  };
}

function samePair(a: VerifiedPair, b: VerifiedPair): boolean {
  return a.subject === b.subject && a.device === b.device;
}

function count<Key>(table: Map<Key, number>, key: Key, change: 1 | -1): void {
  const value = (table.get(key) ?? 0) + change;
  if (value === 0) table.delete(key);
  else table.set(key, value);
}

const timerMsMax = 2 ** 31 - 1;

/** A timer that may lie further away than one timer of the platform can. */
function timerUntil(clock: Clock, atMs: number, run: () => void): Timer {
  let timer: Timer;
  const arm = () => {
    const restMs = Math.max(0, atMs - clock.now());
    timer = restMs > timerMsMax ? clock.after(timerMsMax, arm) : clock.after(restMs, run);
  };
  arm();
  return { cancel: () => timer.cancel() };
}
