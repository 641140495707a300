import { readFileSync, renameSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { ask, subjectLines } from '../../src/audit/index.ts';
import { recordsOf } from '../../src/audit/reading.ts';
import { runsHere } from '../../src/audit/runs.ts';
import { openToRead } from '../../src/audit/schema.ts';
import { limits, subjectId } from '../../src/base/index.ts';
import type { Session } from '../../src/pairing/index.ts';
import { disguised } from '../support/forgeries.ts';
import { cameraProof, pairProof } from '../support/proofs.ts';
import { audited, picture } from './support/audited.ts';

type World = Awaited<ReturnType<typeof audited>>;
const always = [0, Number.MAX_SAFE_INTEGER] as const;
const who = ({ place }: World, device: string) => ask(place.place.file, 'device', device, ...always);
const kindsIn = ({ place }: World) => {
  const { database } = openToRead(place.place.file);
  try {
    return [...recordsOf(database)].map(({ kind }) => kind);
  } finally {
    database.close();
  }
};

describe('a live view on record', () => {
  it('is told with its person, its times, its bytes and what it rested on', async () => {
    await using world = await audited();
    const beganMs = world.clock.now();
    const session = await world.begin('alice', 'cam-1');
    world.clock.advance(30_000);
    world.end(session, picture(beganMs + 700, beganMs + 29_900));
    await world.settle();
    expect(who(world, 'cam-1').viewings).toMatchObject([
      {
        session: session.id,
        subject: {
          name: 'alice',
          details: { token: { issuer: 'test' }, ownership: { source: 'test', version: '1' } },
        },
        device: { name: 'cam-1', details: { token: { issuer: 'test' } } },
        role: 'owner',
        flow: 'answer',
        startedAtMs: beganMs,
        end: 'ended',
        endedAtMs: beganMs + 30_000,
        reason: 'viewer-left',
        seen: true,
        seenFromMs: beganMs + 700,
        seenUntilMs: beganMs + 29_900,
        figures: { camera: { bytes: 48_000 } },
      },
    ]);
    expect(world.place.verify().findings).toEqual([]);
  });

  it('of which nothing was shown says so', async () => {
    await using world = await audited();
    world.end(await world.begin('alice', 'cam-1'));
    await world.settle();
    expect(who(world, 'cam-1').viewings).toMatchObject([{ seen: false, seenFromMs: undefined }]);
  });

  it('is told whatever the clock was set to while it went on', async () => {
    await using world = await audited();
    const session = await world.begin('alice', 'cam-1');
    const beganMs = world.clock.now();
    world.clock.advance(-3_600_000);
    const backMs = world.clock.now();
    world.end(session, picture(beganMs + 700, backMs - 100));
    await world.settle();
    const seenBetween = (fromMs: number, toMs: number) =>
      ask(world.place.place.file, 'device', 'cam-1', fromMs, toMs).viewings.map((viewing) => viewing.session);
    expect(seenBetween(beganMs - 100, beganMs + 100)).toEqual([session.id]);
    expect(seenBetween(backMs - 200, backMs)).toEqual([session.id]);
    expect(seenBetween(backMs - 200_000, backMs - 100_000)).toEqual([]);
    expect(seenBetween(beganMs + 100_000, beganMs + 200_000)).toEqual([]);
  });

  it('says what it came to rest on since', async () => {
    await using world = await audited();
    const session = await world.begin('alice', 'cam-1');
    session.extend(pairProof('alice', 'cam-1', world.clock.now()));
    world.log.trail.extended(session);
    world.log.trail.reproved(session, pairProof('alice', 'cam-1', world.clock.now()));
    world.log.trail.moved(session, cameraProof('cam-1', world.clock.now()));
    world.log.trail.reproved(session, undefined);
    world.end(session);
    await world.settle();
    expect(who(world, 'cam-1').viewings[0]?.changes).toMatchObject([
      { kind: 'session-extended', details: { ownership: { source: 'test' } } },
      { kind: 'session-reproved', details: { holds: true, ownership: { version: '1' } } },
      { kind: 'session-moved', details: { token: { issuer: 'test' } } },
      { kind: 'session-reproved', details: { holds: false } },
    ]);
  });

  it('is found by the time during which it was open', async () => {
    await using world = await audited();
    const beganMs = world.clock.now();
    const session = await world.begin('alice', 'cam-1');
    world.clock.advance(10_000);
    world.end(session);
    await world.settle();
    const found = (fromMs: number, toMs: number) =>
      ask(world.place.place.file, 'subject', 'alice', beganMs + fromMs, beganMs + toMs).viewings.length;
    expect([found(-9, -1), found(-9, 0), found(4_000, 5_000), found(10_000, 11_000), found(10_001, 11_000)]).toEqual([
      0, 1, 1, 1, 0,
    ]);
  });

  it('takes proofs, and nothing that looks like one', async () => {
    await using world = await audited();
    const session = await world.begin('alice', 'cam-1');
    const camera = cameraProof('cam-1', world.clock.now());
    const beginning = { session, camera, flow: 'answer', figures: () => undefined };
    const likeness = disguised<Session>({
      ...session,
      id: session.id,
      pair: { subject: 'eve', device: 'cam-1', role: 'owner' },
    });
    await expect(world.log.trail.began({ ...beginning, session: likeness })).rejects.toThrow(TypeError);
    await expect(world.log.trail.began({ ...beginning, camera: cameraProof('cam-2', 1) })).rejects.toThrow(TypeError);
    expect(() => world.log.trail.moved(session, cameraProof('cam-2', 1))).toThrow(TypeError);
    expect(() => world.log.trail.reproved(session, pairProof('eve', 'cam-1', world.clock.now()))).toThrow(TypeError);
    await world.settle();
    expect(who(world, 'cam-1').viewings).toHaveLength(1);
  });
});

describe('a relay that was killed', () => {
  it('has each of its open views on record as lost, from its last sign of life to the next start at most', async () => {
    await using world = await audited();
    const beganMs = world.clock.now();
    world.end(await world.begin('alice', 'cam-1'));
    const open = await world.begin('ben', 'cam-1', picture(beganMs + 1, beganMs + 2));
    world.log.trail.mediaBegan(open, 'camera', beganMs + 300);
    await world.live();
    await world.live();
    world.clock.advance(7_000);
    await world.killAndStart(runsHere);
    expect(who(world, 'cam-1').viewings).toMatchObject([
      { subject: { name: 'alice' }, end: 'ended' },
      {
        subject: { name: 'ben' },
        end: 'lost',
        endedAtMs: world.clock.now(),
        seen: true,
        seenFromMs: beganMs + 1,
        figures: { camera: { bytes: 48_000 } },
      },
    ]);
    expect(who(world, 'cam-1').viewings[1]?.aliveAtMs).toBeGreaterThanOrEqual(beganMs + 2 * limits.auditAliveMs);
    expect(kindsIn(world).slice(-3)).toEqual(['session-lost', 'run-lost', 'run-started']);
    expect(world.place.verify().findings).toEqual([]);
  });

  it('leaves the views of a relay alone that runs', async () => {
    await using world = await audited();
    await world.begin('alice', 'cam-1');
    const other = await world.openAnother();
    await other.operatorActed({ action: 'drain', by: 'oncall', outcome: 'done' });
    await other.close();
    expect(who(world, 'cam-1').viewings).toMatchObject([{ end: 'open' }]);
    expect(kindsIn(world)).toEqual(['run-started', 'session-started', 'run-started', 'operator', 'run-ended']);
    expect(world.place.verify().findings).toEqual([]);
  });
});

describe('refusals on record', () => {
  it('are joined where they are equal and come within a minute', async () => {
    await using world = await audited();
    for (let count = 0; count < 5; count++) world.refuse('eve', 'cam-1');
    world.refuse('eve', 'cam-2');
    await world.settle();
    expect(who(world, 'cam-1').refusals).toMatchObject([{ code: 'not-allowed', count: 1, subject: { name: 'eve' } }]);
    world.clock.advance(limits.auditJoinMs);
    await world.settle();
    expect(who(world, 'cam-1').refusals.map(({ count }) => count)).toEqual([1, 4]);
    expect(who(world, 'cam-2').refusals.map(({ count }) => count)).toEqual([1]);
  });

  it('that were joined go with the name of the first, though they are written after it was erased', async () => {
    await using world = await audited();
    for (let count = 0; count < 5; count++) world.refuse('eve', 'cam-1');
    for (let count = 0; count < limits.auditRefusalsPerSubjectMax + 3; count++) world.refuse('eve', `cam-${count}`);
    world.refuse('mallory', 'cam-1');
    world.refuse('mallory', 'cam-1');
    await world.settle();
    const store = world.place.store();
    expect(store.erase('eve', 'oncall', world.clock.now())).toBe(limits.auditRefusalsPerSubjectMax);
    world.clock.advance(limits.auditJoinMs);
    await world.settle();
    expect(store.emptyLog()).toBe(true);
    store.close();
    const { file } = world.place.place;
    for (const each of [file, `${file}-wal`]) expect(readFileSync(each).toString('latin1')).not.toContain('eve');
    expect(who(world, 'cam-1').refusals.map(({ subject, count }) => [subject?.name, count])).toEqual([
      [undefined, 1],
      [undefined, 5],
      ['mallory', 1],
      ['mallory', 1],
    ]);
    expect(ask(file, 'subject', 'eve', ...always).refusals).toEqual([]);
    expect(world.place.verify().findings).toEqual([]);
  });

  it('are told to whom they are about, joined ones as well', async () => {
    await using world = await audited();
    for (let count = 0; count < 3; count++) world.refuse('eve', 'cam-1');
    world.clock.advance(limits.auditJoinMs);
    await world.settle();
    const lines = [...subjectLines(world.place.place, 'eve')].map((line) => JSON.parse(line));
    expect(lines.map(({ kind, said }) => [kind, said.count])).toEqual([
      ['refused', 1],
      ['refusals-joined', 2],
    ]);
  });

  it('of strangers are numbers', async () => {
    await using world = await audited();
    for (let count = 0; count < 1_000; count++) world.log.strangerRefused('token-signature');
    world.clock.advance(limits.auditJoinMs);
    await world.settle();
    expect(kindsIn(world)).toEqual(['run-started', 'strangers-refused']);
  });
});

describe('the record of a relay', () => {
  it('has what operators did, and answers for itself', async () => {
    await using world = await audited();
    const beganMs = world.clock.now();
    world.end(await world.begin('alice', 'cam-1'), picture(beganMs, beganMs));
    await world.log.operatorActed({
      action: 'revoke',
      by: 'oncall',
      target: 'alice',
      outcome: 'done',
      detail: 'x'.repeat(9_999),
    });
    const store = world.place.store();
    expect(store.erase('alice', 'oncall', world.clock.now())).toBe(2);
    store.close();
    expect(await world.log.verify()).toMatchObject({ erased: 2, findings: [] });
    const { viewings } = await world.log.whoSaw(cameraProof('cam-1', 1).device, 0, beganMs + 1);
    expect(viewings).toMatchObject([{ subject: undefined, seen: true }]);
    expect(await world.log.whatSaw(subjectId('alice'), 0, beganMs + 1)).toMatchObject({ viewings: [] });
    expect(world.log.head).toMatch(/^\d+:[0-9a-f]{64}$/);
  });

  it('says from when on it has names, so that nobody takes those that went for none', async () => {
    await using world = await audited({ namesMsMax: 3_000_000, recordsMsMax: 6_000_000 });
    const beganMs = world.clock.now();
    world.end(await world.begin('alice', 'cam-1'));
    await world.settle();
    expect(who(world, 'cam-1')).toMatchObject({ viewings: [{}], namesFromMs: undefined });
    for (const _ of ['names', 'records']) {
      world.clock.advance(limits.auditRetentionLookMs);
      await world.settle();
      const { viewings, namesFromMs = 0 } = who(world, 'cam-1');
      expect([viewings, namesFromMs > beganMs]).toEqual([[], true]);
    }
  });

  it('forgets names and drops records in their time', async () => {
    const [namesMsMax, recordsMsMax] = [3_000_000, 6_000_000];
    await using world = await audited({ namesMsMax, recordsMsMax });
    world.end(await world.begin('alice', 'cam-1'));
    world.clock.advance(limits.auditRetentionLookMs);
    await world.settle();
    expect(world.place.verify()).toMatchObject({ first: 1, erased: 2, findings: [] });
    world.clock.advance(limits.auditRetentionLookMs);
    await world.settle();
    expect(world.place.verify()).toMatchObject({ findings: [] });
    expect(world.place.verify().first).toBeGreaterThan(3);
  });
});

describe('a record that cannot be written', () => {
  it('refuses new views, keeps the ends of those that are open, and says what did not begin', async () => {
    const told: string[] = [];
    await using world = await audited({}, { writable: (now) => told.push(`${now}`), failed: (why) => told.push(why) });
    const open = await world.begin('alice', 'cam-1');
    const { file } = world.place.place;
    renameSync(file, `${file}.away`);
    await expect(world.begin('ben', 'cam-1')).rejects.toMatchObject({ code: 'audit-unavailable' });
    expect([world.log.writable, told.at(-1)]).toEqual([false, 'false']);
    world.end(open);
    renameSync(`${file}.away`, file);
    world.clock.advance(limits.auditRetryMs);
    await world.settle();
    expect(world.log.writable).toBe(true);
    expect(kindsIn(world)).toEqual(['run-started', 'session-started', 'gap', 'session-ended']);
    expect(world.place.verify()).toMatchObject({ gaps: 1, findings: [] });
    world.end(await world.begin('ben', 'cam-1'));
  });

  it('lets views go on where it is not required, and has them on record when it can', async () => {
    await using world = await audited({ required: false });
    const { file } = world.place.place;
    renameSync(file, `${file}.away`);
    const shown = await world.begin('ben', 'cam-1');
    world.end(shown);
    renameSync(`${file}.away`, file);
    world.clock.advance(limits.auditRetryMs);
    await world.settle();
    expect(kindsIn(world)).toEqual(['run-started', 'session-started', 'session-ended']);
    expect(who(world, 'cam-1').viewings).toMatchObject([{ subject: { name: 'ben' }, end: 'ended' }]);
  });
});
