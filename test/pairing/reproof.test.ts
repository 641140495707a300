import { setImmediate } from 'node:timers';
import { beforeEach, describe, expect, it } from 'vitest';
import { deviceId, limits } from '../../src/base/index.ts';
import type { OwnershipQuestion } from '../../src/ownership/index.ts';
import {
  createPairing,
  createReproof,
  createSessions,
  type Reproof,
  type Session,
  type Sessions,
  type VerifiedPair,
} from '../../src/pairing/index.ts';
import { asking } from '../ownership/support/asking.ts';
import { granting, questionOf, type ScriptedSource } from '../ownership/support/scripted-source.ts';
import type { ManualClock } from '../support/manual-clock.ts';
import { viewerProof } from '../support/proofs.ts';
import { seededRandom } from '../support/seeded-random.ts';

const hourMs = 3_600_000;
let clock: ManualClock;
let source: ScriptedSource;
let sessions: Sessions;
let reproof: Reproof;
let owners: Set<string>;
let told: string[];
let internal: unknown[];
let pairOf: (subject: string, device: string) => Promise<VerifiedPair>;
let open: (subject: string, device: string) => Promise<Session>;

const settle = () => new Promise<void>((resolve) => setImmediate(() => resolve()));
/** Time passes, and whoever is asked for something meanwhile answers. */
async function pass(ms: number): Promise<void> {
  const endMs = clock.now() + ms;
  while (clock.now() < endMs) {
    clock.advance(Math.min(limits.reproofRetryMsFirst, endMs - clock.now()));
    await settle();
  }
}
const down = () => Promise.reject(new Error('down'));
const truth = (question: OwnershipQuestion) => {
  const isOwner = owners.has(`${question.subject} ${question.device}`);
  return { ...granting(question), role: isOwner ? ('owner' as const) : undefined };
};

beforeEach(() => {
  const world = asking({ settings: { entriesMax: 100 } });
  ({ clock, source } = world);
  owners = new Set(['alice cam1', 'alice cam2', 'ben cam1']);
  source.answer = truth;
  told = [];
  internal = [];
  reproof = createReproof(world.ownership, clock, {
    reproved: (outcome) => told.push(outcome),
    internal: (thrown) => internal.push(thrown),
  });
  const settings = { lifetimeMsMax: hourMs, perDeviceMax: 1_000, perSubjectMax: 1_000 };
  sessions = createSessions(settings, clock, seededRandom(1), reproof);
  const pairing = createPairing(world.ownership, clock);
  pairOf = (subject, device) => pairing.pair(viewerProof(subject, clock.now()), deviceId(device));
  open = async (subject, device) => sessions.open(await pairOf(subject, device));
});

const reasonOf = (session: Session) => (session.ended.aborted ? session.ended.reason : 'live');

describe('a change of a grant', () => {
  it('ends the session that rests on it, and no other', async () => {
    const [gone, ...others] = [await open('alice', 'cam1'), await open('alice', 'cam2'), await open('ben', 'cam1')];
    owners.delete('alice cam1');
    source.tell(questionOf('alice', 'cam1'));
    await settle();
    expect([reasonOf(gone as Session), ...others.map(reasonOf)]).toEqual(['revoked', 'live', 'live']);
    expect(told).toEqual(['ended']);
    expect(reproof.pending).toBe(0);
  });

  it('asks the source itself, though a yes is remembered and a question is under way', async () => {
    const session = await open('alice', 'cam1');
    const first = Promise.withResolvers<unknown>();
    source.answer = () => first.promise;
    clock.advance(hourMs / 60);
    const early = open('alice', 'cam1');
    await settle();
    source.answer = truth;
    owners.delete('alice cam1');
    source.tell(questionOf('alice', 'cam1'));
    await settle();
    expect(reasonOf(session)).toBe('revoked');
    first.resolve(granting(questionOf('alice', 'cam1')));
    const late = await early;
    await settle();
    expect(reasonOf(late)).toBe('revoked');
  });

  it('leaves a session alone whose grant still holds', async () => {
    const session = await open('alice', 'cam1');
    const { pair } = session;
    source.tell(questionOf('alice', 'cam1'));
    await settle();
    expect([reasonOf(session), told]).toEqual(['live', ['holds']]);
    expect(session.pair).toBe(pair);
  });

  it('that makes a share shorter makes its session shorter', async () => {
    const session = await open('alice', 'cam1');
    const notAfterMs = clock.now() + 5_000;
    source.answer = (question) => granting(question, 'viewer', notAfterMs);
    source.tell(questionOf('alice', 'cam1'));
    await settle();
    expect([session.expiresAtMs, session.pair.role]).toEqual([notAfterMs, 'viewer']);
    clock.advance(5_000);
    expect(reasonOf(session)).toBe('expired');
  });

  it('that comes between a proof and its session is found', async () => {
    const world = asking();
    world.source.answer = (question) => granting(question);
    const watched = createReproof(world.ownership, world.clock);
    const pair = await createPairing(world.ownership, world.clock).pair(
      viewerProof('alice', world.clock.now()),
      deviceId('cam1'),
    );
    world.source.answer = (question) => ({ ...granting(question), role: undefined });
    world.source.tell(questionOf('alice', 'cam1'));
    const table = createSessions(
      { lifetimeMsMax: hourMs, perDeviceMax: 1, perSubjectMax: 1 },
      world.clock,
      seededRandom(1),
      watched,
    );
    const session = table.open(pair);
    await settle();
    expect(reasonOf(session)).toBe('revoked');
  });

  it('that comes between a proof and the extension that it makes is found', async () => {
    const session = await open('alice', 'cam1');
    const other = await open('alice', 'cam1');
    source.tell(questionOf('somebody', 'else'));
    owners.delete('alice cam1');
    session.extend(other.pair);
    await settle();
    expect([reasonOf(session), reasonOf(other)]).toEqual(['revoked', 'live']);
  });

  it('that comes while another is looked into is looked into after it', async () => {
    const session = await open('alice', 'cam1');
    const answers: ((answer: unknown) => void)[] = [];
    source.answer = () => new Promise((resolve) => answers.push(resolve));
    source.tell(questionOf('alice', 'cam1'));
    await settle();
    source.tell(questionOf('alice', 'cam1'));
    answers[0]?.(granting(questionOf('alice', 'cam1')));
    await settle();
    expect([answers.length, reproof.pending]).toEqual([2, 1]);
    answers[1]?.({ ...granting(questionOf('alice', 'cam1')), role: undefined });
    await settle();
    expect(reasonOf(session)).toBe('revoked');
  });
});

describe('while nobody can say', () => {
  it('a session whose change is known is asked for again, and ends when its time is over', async () => {
    const session = await open('alice', 'cam1');
    source.answer = down;
    source.tell(questionOf('alice', 'cam1'));
    await settle();
    for (let waitedMs = 0; waitedMs < limits.reproofMsMax; waitedMs += limits.reproofRetryMsMax) {
      expect(reasonOf(session)).toBe('live');
      clock.advance(limits.reproofRetryMsMax);
      await settle();
    }
    clock.advance(limits.reproofRetryMsMax);
    await settle();
    expect(reasonOf(session)).toBe('revoked');
    expect(told.filter((each) => each !== 'unanswered')).toEqual(['ended']);
    expect(reproof.pending).toBe(0);
  });

  it('a session whose change is known lasts no longer when the clock is set back', async () => {
    const session = await open('alice', 'cam1');
    source.answer = down;
    source.tell(questionOf('alice', 'cam1'));
    await settle();
    clock.setBack(3_600_000);
    await pass(limits.reproofMsMax + limits.reproofRetryMsMax);
    expect(reasonOf(session)).toBe('revoked');
  });

  it('a session whose own change fell between its proof and itself ends as well, counted from that change', async () => {
    const alices = await pairOf('alice', 'cam1');
    source.answer = down;
    source.tell(questionOf('alice', 'cam1'));
    const toldMs = clock.now();
    clock.advance(limits.ownershipAnswerMsMax);
    const session = sessions.open(alices);
    await settle();
    await pass(toldMs + limits.reproofMsMax - 1 - clock.now());
    expect(reasonOf(session)).toBe('live');
    await pass(1 + limits.reproofRetryMsMax);
    expect([reasonOf(session), reproof.pending]).toEqual(['revoked', 0]);
  });

  it.each([
    ['somebody else’s grant', questionOf('ben', 'cam1')],
    ['any grant', 'everything' as const],
  ])('a session goes on where the change of %s fell between its proof and itself', async (_, change) => {
    const alices = await pairOf('alice', 'cam1');
    source.answer = down;
    source.tell(change);
    const session = sessions.open(alices);
    await settle();
    await pass(10 * limits.reproofMsMax);
    expect([reasonOf(session), reproof.pending]).toEqual(['live', 1]);
  });

  it('a session goes on of which nothing is known, and is proven once the source is back', async () => {
    const [alice, ben] = [await open('alice', 'cam1'), await open('ben', 'cam1')];
    source.answer = down;
    source.tell('everything');
    await settle();
    await pass(10 * limits.reproofMsMax);
    expect([alice, ben].map(reasonOf)).toEqual(['live', 'live']);
    owners.delete('ben cam1');
    source.answer = truth;
    clock.advance(limits.reproofRetryMsMax);
    await settle();
    expect([alice, ben].map(reasonOf)).toEqual(['live', 'revoked']);
    expect(reproof.pending).toBe(0);
  });

  it('few questions are asked, and less and less often', async () => {
    for (let n = 0; n < 500; n++) owners.add(`alice many${n}`);
    await Promise.all(Array.from({ length: 500 }, (_, n) => open('alice', `many${n}`)));
    source.answer = down;
    source.asked.length = 0;
    source.tell('everything');
    await settle();
    expect(source.asked.length).toBe(limits.reproofsInFlightMax);
    clock.advance(60_000);
    await settle();
    expect(source.asked.length).toBeLessThanOrEqual(3 * limits.reproofsInFlightMax);
    expect(reproof.pending).toBe(500);
  });
});

describe('when everything may have changed', () => {
  it('every session is proven again, so many at once, those that are known to have changed first', async () => {
    for (let n = 0; n < 300; n++) owners.add(`alice many${n}`);
    const all = await Promise.all(Array.from({ length: 300 }, (_, n) => open('alice', `many${n}`)));
    const gates: (() => void)[] = [];
    source.asked.length = 0;
    source.answer = (question) => new Promise((resolve) => gates.push(() => resolve(truth(question))));
    owners.delete('alice many7');
    owners.delete('alice many299');
    source.tell('everything');
    await settle();
    expect(gates.length).toBe(limits.reproofsInFlightMax);
    source.tell(questionOf('alice', 'many299'));
    gates.shift()?.();
    await settle();
    expect(source.asked.at(-1)).toBe('alice many299');
    while (gates.length > 0) {
      for (const open of gates.splice(0)) open();
      await settle();
    }
    expect(all.filter((session) => session.ended.aborted).map((session) => session.pair.device)).toEqual([
      'many7',
      'many299',
    ]);
    expect(reproof.pending).toBe(0);
  });
});

describe('the end', () => {
  it('of a session leaves nothing to prove', async () => {
    const session = await open('alice', 'cam1');
    source.answer = down;
    source.tell(questionOf('alice', 'cam1'));
    await settle();
    expect(reproof.pending).toBe(1);
    session.end('viewer-left');
    expect(reproof.pending).toBe(0);
    source.asked.length = 0;
    source.tell(questionOf('alice', 'cam1'));
    clock.advance(limits.reproofMsMax);
    await settle();
    expect(source.asked).toEqual([]);
  });

  it('of the relay ends the listening', async () => {
    await open('alice', 'cam1');
    reproof.close();
    source.asked.length = 0;
    source.tell('everything');
    await settle();
    expect(source.asked).toEqual([]);
  });

  it('comes as `expired` where what holds is over by the time that it is said', async () => {
    const session = await open('alice', 'cam1');
    const gate = Promise.withResolvers<unknown>();
    source.answer = () => gate.promise;
    source.tell(questionOf('alice', 'cam1'));
    await settle();
    clock.advance(1_000);
    gate.resolve(granting(questionOf('alice', 'cam1'), 'owner', clock.now() + 1));
    await settle();
    clock.advance(1);
    expect(reasonOf(session)).toBe('expired');
  });

  it('never comes by something that is no answer: that is told, and asked again', async () => {
    const session = await open('alice', 'cam1');
    source.answer = () => ({ role: 'owner' });
    source.tell('everything');
    await settle();
    expect([reasonOf(session), told]).toEqual(['live', ['unanswered']]);
    source.answer = truth;
    clock.advance(limits.reproofRetryMsMax);
    await settle();
    expect([reasonOf(session), told, internal]).toEqual(['live', ['unanswered', 'holds'], []]);
  });
});
