import { beforeEach, describe, expect, it } from 'vitest';
import { type EndReason, limits, type RandomSource } from '../../src/base/index.ts';
import type { VerifiedCamera } from '../../src/identity/index.ts';
import { createSessions, type SessionSettings, type Sessions, type VerifiedPair } from '../../src/pairing/index.ts';
import { codeOf } from '../support/codes.ts';
import { disguised, forgeriesOf } from '../support/forgeries.ts';
import { ManualClock } from '../support/manual-clock.ts';
import { cameraProof, pairProof, viewerProof } from '../support/proofs.ts';
import { seededRandom } from '../support/seeded-random.ts';

const hourMs = 3_600_000;
let clock: ManualClock;
let sessions: Sessions;

beforeEach(() => {
  clock = new ManualClock();
  sessions = table();
});

function table(settings: Partial<SessionSettings> = {}, random: RandomSource = seededRandom(1)): Sessions {
  return createSessions({ lifetimeMsMax: 4 * hourMs, perDeviceMax: 2, perSubjectMax: 3, ...settings }, clock, random);
}

const pairOf = (subject: string, device: string, lifeMs = hourMs): VerifiedPair =>
  pairProof(subject, device, clock.now(), clock.now() + lifeMs);
const camera = (device: string): VerifiedCamera => cameraProof(device, clock.now());

describe('a session', () => {
  it('opens for a pair, under an id that cannot be guessed', () => {
    const pair = pairOf('alice', 'cam1');
    const session = sessions.open(pair);
    expect(session).toMatchObject({ pair, startedAtMs: clock.now(), expiresAtMs: clock.now() + hourMs });
    expect(session.id).toMatch(/^[\w-]{22}$/);
    expect(session.ended.aborted).toBe(false);
    expect(sessions.size).toBe(1);
    expect(sessions.open(pair).id).not.toBe(session.id);
  });

  it.each(forgeriesOf(pairProof('alice', 'cam1', 0, Number.MAX_SAFE_INTEGER)))(
    'does not open for $name',
    ({ forged }) => {
      expect(() => sessions.open(forged)).toThrow(TypeError);
      expect(sessions.size).toBe(0);
    },
  );

  it('does not open for a pair that has expired', async () => {
    const pair = pairOf('alice', 'cam1', 1_000);
    clock.advance(999);
    expect(await codeOf(() => sessions.open(pair))).toBe('done');
    clock.advance(1);
    expect(await codeOf(() => sessions.open(pair))).toBe('not-allowed');
  });

  it('does not let its pair or its end be exchanged', () => {
    const session = sessions.open(pairOf('alice', 'cam1'));
    for (const change of [{ pair: pairOf('ben', 'cam2') }, { expiresAtMs: 9e15 }, { id: 'other' }]) {
      expect(() => Object.assign(session, change)).toThrow(TypeError);
    }
  });

  it('never shares its id, whatever the random source does', () => {
    const stuck: RandomSource = { bytes: (size) => Buffer.alloc(size), fraction: () => 0 };
    const risky = table({}, stuck);
    const first = risky.open(pairOf('alice', 'cam1'));
    expect(() => risky.open(pairOf('ben', 'cam2'))).toThrow('never comes twice');
    first.end('viewer-left');
    expect(() => risky.open(pairOf('ben', 'cam2'))).toThrow('never comes twice');
    expect(risky.size).toBe(0);
  });
});

describe('a session ends', () => {
  const endOf = (session: { ended: AbortSignal }) => (session.ended.aborted ? session.ended.reason : undefined);

  it('when it is told to, once, and says why', () => {
    const session = sessions.open(pairOf('alice', 'cam1'));
    const heard: unknown[] = [];
    session.ended.addEventListener('abort', () => heard.push(session.ended.reason));
    session.end('camera-left');
    session.end('viewer-left');
    expect([heard, endOf(session), sessions.size, clock.pending]).toEqual([['camera-left'], 'camera-left', 0, 0]);
  });

  it('is out of the table before anybody hears of it', () => {
    const session = sessions.open(pairOf('alice', 'cam1'));
    let left: number | undefined;
    session.ended.addEventListener('abort', () => {
      left = sessions.size;
    });
    session.end('revoked');
    expect(left).toBe(0);
  });

  it('when its pair expires, and not before', () => {
    const session = sessions.open(pairOf('alice', 'cam1', 1_000));
    clock.advance(999);
    expect(endOf(session)).toBeUndefined();
    clock.advance(1);
    expect([endOf(session), sessions.size]).toEqual(['expired', 0]);
  });

  it('when it has lived as long as any may, however long its pair does', () => {
    const short = table({ lifetimeMsMax: 1_000 });
    const session = short.open(pairOf('alice', 'cam1'));
    expect(session.expiresAtMs).toBe(clock.now() + 1_000);
    clock.advance(999);
    expect(endOf(session)).toBeUndefined();
    clock.advance(1);
    expect(endOf(session)).toBe('time-limit');
  });

  it('also when that lies further away than one timer can', () => {
    const long = table({ lifetimeMsMax: 2 ** 33 });
    const session = long.open(pairOf('alice', 'cam1', 2 ** 32));
    let longestMs = 0;
    const after = clock.after.bind(clock);
    clock.after = (delayMs, run) => {
      longestMs = Math.max(longestMs, delayMs);
      return after(delayMs, run);
    };
    clock.advance(2 ** 32 - 1);
    expect(endOf(session)).toBeUndefined();
    expect(longestMs).toBeLessThan(2 ** 31);
    clock.advance(1);
    expect([endOf(session), clock.pending]).toEqual(['expired', 0]);
  });

  it('with others of its kind, and leaves the rest alone', () => {
    const [a, b, c] = [pairOf('alice', 'cam1'), pairOf('ben', 'cam1'), pairOf('alice', 'cam2')].map((pair) =>
      sessions.open(pair),
    );
    expect(sessions.endWhere((pair) => pair.device === 'cam1', 'camera-left')).toBe(2);
    expect([a, b, c].map((session) => session && endOf(session))).toEqual(['camera-left', 'camera-left', undefined]);
    expect(sessions.endWhere((pair) => pair.device === 'cam1', 'camera-left')).toBe(0);
  });
});

describe('a timer that is late', () => {
  /** A clock whose timers sleep, as they do while a machine does. */
  function asleep() {
    clock.after = () => ({ cancel: () => {} });
    const pair = pairOf('alice', 'cam1', 1_000);
    const session = sessions.open(pair);
    const fresh = pairOf('alice', 'cam1');
    clock.advance(1_000);
    return { session, pair, fresh };
  }

  it('keeps no session alive for its viewer', async () => {
    const { session, fresh } = asleep();
    expect(await codeOf(() => sessions.ofViewer(session.id, fresh))).toBe('peer-gone');
    expect([session.ended.reason, sessions.size]).toEqual(['expired', 0]);
  });

  it('keeps no session alive for its camera', async () => {
    const { session } = asleep();
    expect(await codeOf(() => sessions.ofCamera(session.id, camera('cam1')))).toBe('peer-gone');
    expect(session.ended.reason).toBe('expired');
  });

  it('lets no session be extended', async () => {
    const { session, fresh } = asleep();
    expect(await codeOf(() => session.extend(fresh))).toBe('peer-gone');
    expect(session.ended.reason).toBe('expired');
  });
});

describe('a session is reached', () => {
  it('with a pair of its subject and device', () => {
    const session = sessions.open(pairOf('alice', 'cam1'));
    expect(sessions.ofViewer(session.id, pairOf('alice', 'cam1'))).toBe(session);
  });

  it('by its camera', () => {
    const session = sessions.open(pairOf('alice', 'cam1'));
    expect(sessions.ofCamera(session.id, camera('cam1'))).toBe(session);
  });

  it('by nobody else, who cannot tell it from one that never was', async () => {
    const session = sessions.open(pairOf('alice', 'cam1'));
    const codes = async () => [
      await codeOf(() => sessions.ofViewer(session.id, pairOf('ben', 'cam1'))),
      await codeOf(() => sessions.ofViewer(session.id, pairOf('alice', 'cam10'))),
      await codeOf(() => sessions.ofViewer(session.id, pairOf('alic', 'ecam1'))),
      await codeOf(() => sessions.ofCamera(session.id, camera('cam10'))),
      await codeOf(() => sessions.ofCamera(session.id, camera('alice'))),
      await codeOf(() => sessions.ofViewer('no-such-session', pairOf('alice', 'cam1'))),
      await codeOf(() => sessions.ofCamera('no-such-session', camera('cam1'))),
    ];
    expect(new Set(await codes())).toEqual(new Set(['session-unknown']));
    session.end('viewer-left');
    expect(new Set(await codes())).toEqual(new Set(['session-unknown']));
  });

  it('is left alone by whoever may not reach it', async () => {
    const session = sessions.open(pairOf('alice', 'cam1', 1_000));
    clock.after = () => ({ cancel: () => {} });
    expect(await codeOf(() => sessions.ofViewer(session.id, pairOf('ben', 'cam1')))).toBe('session-unknown');
    expect(session.ended.aborted).toBe(false);
  });

  it('after its end by its own two sides alone, who learn that it is over', async () => {
    const session = sessions.open(pairOf('alice', 'cam1'));
    session.end('viewer-left');
    expect(await codeOf(() => sessions.ofViewer(session.id, pairOf('alice', 'cam1')))).toBe('peer-gone');
    expect(await codeOf(() => sessions.ofCamera(session.id, camera('cam1')))).toBe('peer-gone');
  });

  it('with no forged proof', () => {
    const { id } = sessions.open(pairOf('alice', 'cam1'));
    for (const { name, forged } of forgeriesOf(pairOf('alice', 'cam1'))) {
      expect(() => sessions.ofViewer(id, forged), name).toThrow(TypeError);
    }
    for (const { name, forged } of forgeriesOf(camera('cam1'))) {
      expect(() => sessions.ofCamera(id, forged), name).toThrow(TypeError);
    }
    const viewer = viewerProof('cam1', clock.now());
    expect(() => sessions.ofCamera(id, disguised(viewer))).toThrow(TypeError);
  });
});

describe('an ended session', () => {
  it('is remembered among so many, and no longer', async () => {
    const pair = pairOf('alice', 'cam1');
    const ids = Array.from({ length: limits.endedSessionsRememberedMax + 1 }, () => {
      const session = sessions.open(pair);
      session.end('viewer-left');
      return session.id;
    });
    const code = (at: number) => codeOf(() => sessions.ofViewer(ids[at] ?? '', pair));
    expect([await code(0), await code(1), await code(ids.length - 1)]).toEqual([
      'session-unknown',
      'peer-gone',
      'peer-gone',
    ]);
  });
});

describe('extending a session', () => {
  it('lets it live on under the fresh pair', () => {
    const session = sessions.open(pairOf('alice', 'cam1', 1_000));
    clock.advance(500);
    const fresh = pairOf('alice', 'cam1', 1_000);
    session.extend(fresh);
    expect([session.pair, session.expiresAtMs]).toEqual([fresh, clock.now() + 1_000]);
    expect(clock.pending).toBe(1);
    clock.advance(999);
    expect(session.ended.aborted).toBe(false);
    clock.advance(1);
    expect(session.ended.reason).toBe('expired');
  });

  it('does not take it beyond what any session may live', () => {
    const short = table({ lifetimeMsMax: 2_000 });
    const session = short.open(pairOf('alice', 'cam1', 1_000));
    const latestMs = clock.now() + 2_000;
    clock.advance(500);
    session.extend(pairOf('alice', 'cam1', hourMs));
    expect(session.expiresAtMs).toBe(latestMs);
  });

  it('may shorten it', () => {
    const session = sessions.open(pairOf('alice', 'cam1'));
    session.extend(pairOf('alice', 'cam1', 1_000));
    clock.advance(1_000);
    expect(session.ended.reason).toBe('expired');
  });

  it('is for the same subject and device alone, and changes nothing otherwise', async () => {
    const pair = pairOf('alice', 'cam1');
    const session = sessions.open(pair);
    const forged = forgeriesOf(pair).map(({ forged }) => forged);
    for (const other of [pairOf('ben', 'cam1'), pairOf('alice', 'cam10'), ...forged]) {
      expect(await codeOf(() => session.extend(other))).toBe('not-allowed');
    }
    expect([session.pair, session.expiresAtMs, clock.pending]).toEqual([pair, pair.expiresAtMs, 1]);
  });

  it('needs a pair that is in force', async () => {
    const brief = pairOf('alice', 'cam1', 1_000);
    const session = sessions.open(pairOf('alice', 'cam1'));
    clock.advance(1_000);
    expect(await codeOf(() => session.extend(brief))).toBe('not-allowed');
    expect(session.ended.aborted).toBe(false);
  });

  it('comes too late after its end', async () => {
    const session = sessions.open(pairOf('alice', 'cam1'));
    session.end('viewer-left');
    expect(await codeOf(() => session.extend(pairOf('alice', 'cam1')))).toBe('peer-gone');
    expect([session.ended.reason, clock.pending]).toEqual(['viewer-left', 0]);
  });
});

describe('the bounds of the table', () => {
  const reason: EndReason = 'viewer-left';

  it('hold for one device, and for that one alone', async () => {
    sessions.open(pairOf('alice', 'cam1'));
    const second = sessions.open(pairOf('ben', 'cam1'));
    expect(await codeOf(() => sessions.open(pairOf('chloe', 'cam1')))).toBe('device-busy');
    expect(await codeOf(() => sessions.open(pairOf('chloe', 'cam10')))).toBe('done');
    second.end(reason);
    second.end(reason);
    expect(await codeOf(() => sessions.open(pairOf('chloe', 'cam1')))).toBe('done');
    expect(await codeOf(() => sessions.open(pairOf('dan', 'cam1')))).toBe('device-busy');
  });

  it('hold for one subject, and for that one alone', async () => {
    const [first] = ['a', 'b', 'c'].map((device) => sessions.open(pairOf('alice', device)));
    expect(await codeOf(() => sessions.open(pairOf('alice', 'd')))).toBe('session-limit');
    expect(await codeOf(() => sessions.open(pairOf('alice2', 'd')))).toBe('done');
    first?.end(reason);
    expect(await codeOf(() => sessions.open(pairOf('alice', 'd')))).toBe('done');
    expect(await codeOf(() => sessions.open(pairOf('alice', 'e')))).toBe('session-limit');
  });

  it('leave no trace of who has gone', () => {
    for (let round = 0; round < 10; round++) {
      const open = [pairOf('alice', 'cam1'), pairOf('alice', 'cam1')].map((pair) => sessions.open(pair));
      for (const session of open) session.end(reason);
    }
    expect([sessions.size, clock.pending]).toEqual([0, 0]);
  });

  it('hold for all', async () => {
    const wide = table({ perDeviceMax: limits.sessionsMax + 1, perSubjectMax: limits.sessionsMax + 1 });
    const pair = pairOf('alice', 'cam1');
    clock.after = () => ({ cancel: () => {} });
    for (let n = 0; n < limits.sessionsMax; n++) wide.open(pair);
    expect(await codeOf(() => wide.open(pair))).toBe('overloaded');
    expect(wide.endWhere(() => true, reason)).toBe(limits.sessionsMax);
    expect(await codeOf(() => wide.open(pair))).toBe('done');
  });
});
