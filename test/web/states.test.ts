import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type EndReason, type ErrorCode, endReasons, errorTable } from '../../src/base/index.ts';
import { bounds } from '../../src/web/client/bounds.ts';
import {
  type Circumstances,
  idle,
  isActive,
  nextState,
  type StateName,
  type ViewEvent,
  type ViewState,
} from '../../src/web/client/states.ts';

const middle: Circumstances = { fraction: 0.5, renewable: false };

function stateAfter(events: readonly ViewEvent[], circumstances: Circumstances = middle): ViewState {
  return events.reduce((state, event) => nextState(state, event, circumstances), idle);
}

function refused(code: ErrorCode, retryAfterSeconds?: number): ViewEvent {
  const { rpc, text } = errorTable[code];
  return { kind: 'refused', refusal: { rpcCode: rpc, reason: code, text, retryAfterSeconds } };
}

function ended(reason: EndReason): ViewEvent {
  return { kind: 'ended', reason, text: endReasons[reason] };
}

const start: ViewEvent = { kind: 'start' };
const frame: ViewEvent = { kind: 'frame' };
const lost: ViewEvent = { kind: 'lost', text: 'The connection was lost.' };

describe('a refusal', () => {
  test.each<[ErrorCode, StateName]>([
    ['not-allowed', 'not-allowed'],
    ['device-refused', 'not-allowed'],
    ['token-signature', 'not-allowed'],
    ['token-expired', 'expired'],
    ['device-offline', 'offline'],
    ['device-busy', 'busy'],
    ['overloaded', 'busy'],
    ['session-limit', 'busy'],
    ['source-unavailable', 'reconnecting'],
    ['audit-unavailable', 'reconnecting'],
    ['device-timeout', 'reconnecting'],
    ['sdp-forbidden', 'failed'],
    ['device-cannot-answer', 'failed'],
  ])('%s shows %s, in the words of the relay', (code, name) => {
    const state = stateAfter([start, refused(code)]);
    expect(state.name).toBe(name);
    expect(state.text).toBe(errorTable[code].text);
    expect(state.reason).toBe(code);
  });

  test('of each code either waits for somebody or says when it goes on', () => {
    for (const code of Object.keys(errorTable) as ErrorCode[]) {
      const state = stateAfter([start, refused(code)]);
      const goesOn = ['offline', 'busy', 'reconnecting'].includes(state.name);
      expect(state.retryAfterMs !== undefined, code).toBe(goesOn);
      expect(isActive(state), code).toBe(goesOn);
    }
  });

  test('is never tried again by itself where the person may not watch', () => {
    for (const code of ['not-allowed', 'device-refused', 'token-signature'] as const) {
      expect(stateAfter([start, refused(code)]).retryAfterMs).toBeUndefined();
    }
  });

  test('waits at least as long as the relay asked', () => {
    fc.assert(
      fc.property(
        fc.double({ min: 0, max: 0.999, noNaN: true }),
        fc.integer({ min: 0, max: 500 }),
        (fraction, seconds) => {
          const state = stateAfter([start, refused('overloaded', seconds)], { fraction, renewable: false });
          expect(state.retryAfterMs).toBeGreaterThanOrEqual(seconds * 1000);
          expect(state.retryAfterMs).toBeLessThanOrEqual(Math.max(seconds * 1250, bounds.busyMsMax));
        },
      ),
    );
  });

  test('of another ONVIF relay is read by its number', () => {
    const foreign = (rpcCode: number): ViewEvent => ({
      kind: 'refused',
      refusal: { rpcCode, reason: undefined, text: 'No.', retryAfterSeconds: undefined },
    });
    expect(stateAfter([start, foreign(403)]).name).toBe('not-allowed');
    expect(stateAfter([start, foreign(480)]).name).toBe('offline');
    expect(stateAfter([start, foreign(1001)]).name).toBe('busy');
    expect(stateAfter([start, foreign(-32603)]).name).toBe('failed');
  });

  test('whose reason names a member of every object is just unknown', () => {
    for (const reason of ['constructor', 'toString', '__proto__']) {
      const state = stateAfter([
        start,
        { kind: 'refused', refusal: { rpcCode: 403, reason, text: 'No.', retryAfterSeconds: undefined } },
      ]);
      expect(state.name).toBe('failed');
    }
  });
});

describe('the end of a session', () => {
  test.each<[EndReason, StateName]>([
    ['camera-left', 'offline'],
    ['camera-replaced', 'reconnecting'],
    ['media-silent', 'reconnecting'],
    ['setup-failed', 'reconnecting'],
    ['relay-stopping', 'reconnecting'],
    ['relay-moving', 'reconnecting'],
    ['expired', 'expired'],
    ['revoked', 'not-allowed'],
    ['viewer-left', 'idle'],
    ['signed-out', 'expired'],
    ['camera-signed-out', 'offline'],
    ['quarantined', 'failed'],
    ['switched-off', 'busy'],
    ['time-limit', 'failed'],
    ['idle', 'failed'],
  ])('%s shows %s', (reason, name) => {
    const state = stateAfter([start, frame, ended(reason)]);
    expect(state.name).toBe(name);
    expect(state.text).toBe(endReasons[reason]);
  });

  test('because the relay moves goes on by itself, no sooner than the relay asked for', () => {
    const moved: ViewEvent = { kind: 'ended', reason: 'relay-moving', text: 'Moving.', retryAfterSeconds: 3 };
    const state = stateAfter([start, frame, moved]);
    expect(state.name).toBe('reconnecting');
    expect(state.retryAfterMs).toBeGreaterThanOrEqual(3_000);
    expect(isActive(state)).toBe(true);
  });

  test('by expiry goes on when the app gives fresh tokens, and stops when they do not help', () => {
    const renewable = { fraction: 0.5, renewable: true };
    expect(stateAfter([start, frame, ended('expired')], renewable).name).toBe('reconnecting');
    const again = stateAfter(
      [start, refused('token-expired'), refused('token-expired'), refused('token-expired')],
      renewable,
    );
    expect(again.name).toBe('expired');
    expect(stateAfter([start, frame, ended('revoked')], renewable).name).toBe('not-allowed');
  });

  test.each<EndReason>(['signed-out', 'quarantined', 'time-limit', 'idle', 'revoked'])(
    '%s is for the person to go on from, whatever tokens the app has',
    (reason) => {
      const state = stateAfter([start, frame, ended(reason)], { fraction: 0.5, renewable: true });
      expect([isActive(state), state.retryAfterMs]).toEqual([false, undefined]);
    },
  );

  test('by a token that was taken back is no reason to ask for another by itself', () => {
    const state = stateAfter([start, refused('token-revoked')], { fraction: 0.5, renewable: true });
    expect([state.name, state.retryAfterMs]).toEqual(['expired', undefined]);
  });
});

describe('waiting', () => {
  test('grows with each try without a picture, within its bounds, and begins anew after one', () => {
    const latest = { fraction: 0.999, renewable: false };
    const waits = Array.from({ length: 12 }, (_, tries) => {
      const state = stateAfter([start, ...Array.from({ length: tries + 1 }, () => lost)], latest);
      return state.retryAfterMs ?? Number.NaN;
    });
    expect(waits).toEqual([...waits].sort((a, b) => a - b));
    expect(waits[0]).toBeLessThan(bounds.retryFirstMs);
    expect(Math.max(...waits)).toBeLessThan(bounds.retryMsMax);
    expect(Math.max(...waits)).toBeGreaterThan(bounds.retryMsMax * 0.9);
    expect(stateAfter([start, lost, lost, lost, frame, lost], latest).retryAfterMs).toBe(waits[0]);
  });

  test('for a camera that is not there is gentle from the start', () => {
    const soonest = { fraction: 0, renewable: false };
    expect(stateAfter([start, refused('device-offline')], soonest).retryAfterMs).toBeGreaterThanOrEqual(
      bounds.offlineFirstMs / 2,
    );
  });

  test('keeps its words while it tries, and is over when somebody stops it', () => {
    const offline = stateAfter([start, refused('device-offline')]);
    const trying = nextState(offline, { kind: 'retry' }, middle);
    expect(trying).toEqual({ ...offline, retryAfterMs: undefined });
    expect(nextState(trying, { kind: 'stop' }, middle)).toEqual(idle);
  });
});

test('no order of events leads out of the states', () => {
  const codes = fc.constantFrom(...(Object.keys(errorTable) as ErrorCode[])).map((code) => refused(code));
  const ends = fc.constantFrom(...(Object.keys(endReasons) as EndReason[])).map(ended);
  const simple = fc.constantFrom<ViewEvent>(start, frame, lost, { kind: 'stop' }, { kind: 'retry' });
  fc.assert(
    fc.property(fc.array(fc.oneof(codes, ends, simple), { maxLength: 30 }), fc.boolean(), (events, renewable) => {
      const state = stateAfter(events, { fraction: 0.3, renewable });
      expect(state.attempt).toBeLessThanOrEqual(events.length);
      expect(state.retryAfterMs ?? 0).toBeLessThanOrEqual(bounds.busyMsMax);
      if (!isActive(state)) expect(state.retryAfterMs).toBeUndefined();
    }),
  );
});
