import type { EndReason, ErrorCode } from '../../base/index.ts';
import { askedForMs, fullJitterMs, type Pace } from './backoff.ts';
import { bounds } from './bounds.ts';

/**
 * What a view shows.
 * `idle`: nothing was asked for. `offline`: the camera is not connected; asked again gently.
 * `not-allowed`, `expired`, `failed`: only the app or the person can go on from here. `busy`, `reconnecting`: goes on by itself.
 */
export type StateName =
  | 'idle'
  | 'connecting'
  | 'live'
  | 'offline'
  | 'not-allowed'
  | 'expired'
  | 'busy'
  | 'reconnecting'
  | 'failed';

export interface ViewState {
  readonly name: StateName;
  /** One line for the person who watches: the relay's own words where it gave some. */
  readonly text: string;
  /** The relay's error code or end reason that led here. */
  readonly reason: string | undefined;
  /** Tries since the last picture. */
  readonly attempt: number;
  /** When to send `retry`, in milliseconds from now; undefined when nothing goes on by itself. */
  readonly retryAfterMs: number | undefined;
}

export type ViewEvent =
  | { readonly kind: 'start' | 'stop' | 'retry' | 'frame' }
  | { readonly kind: 'refused'; readonly refusal: Refusal }
  /** The relay ended a session that was set up. */
  | {
      readonly kind: 'ended';
      readonly reason: string | undefined;
      readonly text: string | undefined;
      readonly retryAfterSeconds?: number | undefined;
    }
  /** The path broke, or the picture froze. */
  | { readonly kind: 'lost'; readonly text: string };

/** What a relay said instead of a picture. */
export interface Refusal {
  readonly rpcCode: number;
  readonly reason: string | undefined;
  readonly text: string;
  readonly retryAfterSeconds: number | undefined;
}

export interface Circumstances {
  /** In [0, 1), drawn for this step. */
  readonly fraction: number;
  /** Whether the app gives a fresh token each time it is asked. */
  readonly renewable: boolean;
}

export const idle: ViewState = { name: 'idle', text: '', reason: undefined, attempt: 0, retryAfterMs: undefined };

/** The next state. It has no clock and no side effects: whoever calls it does what the state says. */
export function nextState(state: ViewState, event: ViewEvent, { fraction, renewable }: Circumstances): ViewState {
  switch (event.kind) {
    case 'stop':
      return idle;
    case 'start':
      return { ...idle, name: 'connecting', text: 'Connecting…' };
    case 'frame':
      return { ...idle, name: 'live', text: 'Live' };
    case 'retry':
      return state.retryAfterMs === undefined ? state : { ...state, retryAfterMs: undefined };
    case 'lost':
      return after(state, 'again', undefined, event.text, undefined, fraction);
    case 'ended': {
      const outcome = renewed(state, outcomeOfEnd(event.reason), renewable);
      return after(
        state,
        outcome,
        event.reason,
        event.text ?? 'The live view ended.',
        event.retryAfterSeconds,
        fraction,
      );
    }
    case 'refused': {
      const { reason, text, retryAfterSeconds } = event.refusal;
      const outcome = renewed(state, outcomeOfRefusal(event.refusal), renewable);
      return after(state, outcome, reason, text, retryAfterSeconds, fraction);
    }
  }
}

/** Whether a session is being set up or shown, or will be by itself. */
export function isActive(state: ViewState): boolean {
  return state.name === 'connecting' || state.name === 'live' || goesOn.has(state.name);
}

type Outcome = 'idle' | 'offline' | 'not-allowed' | 'expired' | 'signed-out' | 'busy' | 'again' | 'failed';

const goesOn: ReadonlySet<StateName> = new Set(['offline', 'busy', 'reconnecting']);

/** Who was signed out is shown what one is shown whose token ran out; but no token is asked for by itself. */
function nameOf(outcome: Outcome): StateName {
  if (outcome === 'again') return 'reconnecting';
  return outcome === 'signed-out' ? 'expired' : outcome;
}

const paces: Partial<Record<Outcome, Pace>> = {
  again: { firstMs: bounds.retryFirstMs, msMax: bounds.retryMsMax },
  offline: { firstMs: bounds.offlineFirstMs, msMax: bounds.offlineMsMax },
  busy: { firstMs: bounds.busyFirstMs, msMax: bounds.busyMsMax },
};

function after(
  state: ViewState,
  outcome: Outcome,
  reason: string | undefined,
  text: string,
  retryAfterSeconds: number | undefined,
  fraction: number,
): ViewState {
  if (outcome === 'idle') return { ...idle, text, reason };
  const name = nameOf(outcome);
  const pace = paces[outcome];
  const waitMs =
    pace === undefined
      ? undefined
      : Math.max(
          fullJitterMs(state.attempt, pace, fraction),
          outcome === 'again' ? 0 : pace.firstMs / 2,
          retryAfterSeconds === undefined ? 0 : askedForMs(retryAfterSeconds, fraction),
        );
  return { name, text, reason, attempt: state.attempt + 1, retryAfterMs: waitMs };
}

/** A token that ran out is no reason to stop for an app that can give a fresh one; but it is asked for one only twice. */
function renewed(state: ViewState, outcome: Outcome, renewable: boolean): Outcome {
  return outcome === 'expired' && renewable && state.attempt < 2 ? 'again' : outcome;
}

function outcomeOfEnd(reason: string | undefined): Outcome {
  return own(outcomesOfEnds, reason) ?? own(outcomesOfCodes, reason) ?? 'again';
}

function outcomeOfRefusal({ reason, rpcCode }: Refusal): Outcome {
  if (reason === undefined) return outcomesOfNumbers[rpcCode] ?? 'failed';
  return own(outcomesOfCodes, reason) ?? 'failed';
}

/** What a table says about a word that came from outside. */
function own(table: Readonly<Partial<Record<string, Outcome>>>, word: string | undefined): Outcome | undefined {
  return word !== undefined && Object.hasOwn(table, word) ? table[word] : undefined;
}

const outcomesOfEnds: Readonly<Record<EndReason, Outcome>> = {
  'viewer-left': 'idle',
  'camera-left': 'offline',
  'camera-replaced': 'again',
  'camera-restarted': 'again',
  'media-silent': 'again',
  'setup-failed': 'again',
  expired: 'expired',
  revoked: 'not-allowed',
  'relay-stopping': 'again',
  'relay-failed': 'again',
  'signed-out': 'signed-out',
  'camera-signed-out': 'offline',
  quarantined: 'failed',
  'switched-off': 'busy',
  'time-limit': 'failed',
  idle: 'failed',
  'relay-moving': 'again',
};

/** A code that is not here is a fault of this side or of the camera's make: trying again would not mend it. */
const outcomesOfCodes: Readonly<Partial<Record<ErrorCode, Outcome>>> = {
  'token-missing': 'not-allowed',
  'token-malformed': 'not-allowed',
  'token-algorithm': 'not-allowed',
  'token-signature': 'not-allowed',
  'token-issuer': 'not-allowed',
  'token-audience': 'not-allowed',
  'token-claims': 'not-allowed',
  'token-expired': 'expired',
  'token-not-yet': 'again',
  'token-lifetime': 'not-allowed',
  'token-conflict': 'again',
  'token-revoked': 'signed-out',
  'ticket-invalid': 'failed',
  'keys-unavailable': 'again',
  'not-allowed': 'not-allowed',
  'registration-replaced': 'again',
  'relay-unreachable': 'again',
  'request-timeout': 'again',
  'source-unavailable': 'again',
  'rate-exceeded': 'busy',
  'register-timeout': 'again',
  overloaded: 'busy',
  'device-offline': 'offline',
  'device-busy': 'busy',
  'device-timeout': 'again',
  'device-answer-invalid': 'again',
  'device-refused': 'not-allowed',
  'viewer-timeout': 'again',
  'session-unknown': 'again',
  'session-limit': 'busy',
  'peer-gone': 'offline',
  'device-quarantined': 'failed',
  'switched-off': 'busy',
  'connection-idle': 'again',
  'connection-limit': 'busy',
  'relay-moving': 'again',
  'audit-unavailable': 'again',
  internal: 'again',
};

/** For relays that are not Latchkey: the faults of ONVIF WebRTC 26.06. */
const outcomesOfNumbers: Readonly<Record<number, Outcome>> = {
  401: 'expired',
  403: 'not-allowed',
  408: 'again',
  410: 'offline',
  480: 'offline',
  503: 'busy',
  1001: 'busy',
  1002: 'offline',
};
