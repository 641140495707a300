import { beforeEach, describe, expect, it } from 'vitest';
import { LatchkeyError } from '../../src/base/index.ts';
import { mintProof } from '../../src/ownership/proof.ts';
import {
  createPairing,
  createSessions,
  type Objection,
  type PairRules,
  type VerifiedPair,
} from '../../src/pairing/index.ts';
import { objectionCodes, objectionOf } from '../../src/pairing/rules.ts';
import { codeOf } from '../support/codes.ts';
import { ManualClock } from '../support/manual-clock.ts';
import { pairProof, viewerProof } from '../support/proofs.ts';
import { seededRandom } from '../support/seeded-random.ts';

let clock: ManualClock;
let thrown: Map<string, Objection>;

/** Against whoever has that name. */
const rules: PairRules = { against: ({ subject }) => thrown.get(subject) };
const pairOf = (subject: string) => pairProof(subject, 'cam1', clock.now());
const table = () =>
  createSessions({ lifetimeMsMax: 10_000, perDeviceMax: 9, perSubjectMax: 9 }, clock, seededRandom(1), {}, rules);
const objections = Object.keys(objectionCodes) as Objection[];

beforeEach(() => {
  clock = new ManualClock();
  thrown = new Map();
});

describe.each(objections)('what is %s', (objection) => {
  const code = objectionCodes[objection];

  it('has a code of its own, which says so again', () => {
    expect([objectionOf(code), objectionOf('not-allowed')]).toEqual([objection, undefined]);
  });

  it('opens no session, though its pair was minted before', async () => {
    const pair = pairOf('alice');
    const sessions = table();
    thrown.set('alice', objection);
    expect(await codeOf(() => sessions.open(pair))).toBe(code);
    expect(await codeOf(() => sessions.open(pairOf('ben')))).toBe('done');
    expect(sessions.size).toBe(1);
  });

  it('is of no use to a session, which goes on without', async () => {
    const blocked = new WeakSet<VerifiedPair>();
    const own: PairRules = { against: (pair) => (blocked.has(pair) ? objection : undefined) };
    const sessions = createSessions(
      { lifetimeMsMax: 1, perDeviceMax: 1, perSubjectMax: 1 },
      clock,
      seededRandom(1),
      {},
      own,
    );
    const session = sessions.open(pairOf('alice'));
    const fresh = pairOf('alice');
    blocked.add(fresh);
    expect(await codeOf(() => session.extend(fresh))).toBe(code);
    expect(session.ended.aborted).toBe(false);
  });

  it('ends a session when the table is looked at again, and others live', async () => {
    const sessions = table();
    const [hers, his] = [sessions.open(pairOf('alice')), sessions.open(pairOf('ben'))];
    thrown.set('alice', objection);
    const reviewed = sessions.review();
    expect([hers.ended.reason, his.ended.aborted]).toEqual([objection, false]);
    expect([await reviewed, await sessions.review()]).toEqual([1, 0]);
  });

  it('reaches no session, before anybody has looked', () => {
    const sessions = table();
    const pair = pairOf('alice');
    const session = sessions.open(pair);
    thrown.set('alice', objection);
    expect(() => sessions.ofViewer(session.id, pair)).toThrow(expect.objectContaining({ code: 'peer-gone' }));
    expect(session.ended.reason).toBe(objection);
  });
});

it('who may not see a device is told that, and nothing that was thrown', async () => {
  thrown.set('alice', 'quarantined');
  thrown.set('eve', 'quarantined');
  const pairing = createPairing(
    {
      async may({ subject }, device) {
        if (subject === 'eve') throw new LatchkeyError('not-allowed');
        const question = { subject, device };
        const answer = { ...question, role: 'owner', notAfterMs: undefined, version: '1' } as const;
        const proof = mintProof(question, answer, 'test', clock.now());
        if (proof === undefined) throw new TypeError('no proof');
        return proof;
      },
      devices: async () => [],
      close: async () => {},
    },
    clock,
    rules,
  );
  const { device } = pairOf('alice');
  expect(await codeOf(pairing.pair(viewerProof('eve', clock.now()), device))).toBe('not-allowed');
  expect(await codeOf(pairing.pair(viewerProof('alice', clock.now()), device))).toBe('device-quarantined');
  expect(await codeOf(pairing.pair(viewerProof('ben', clock.now()), device))).toBe('done');
});
