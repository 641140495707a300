import { describe, expect, it } from 'vitest';
import type { FromScribe, ToScribe } from '../../src/audit/messages.ts';
import { type NewRecord, newRecord } from '../../src/audit/records.ts';
import type { ScribeListener } from '../../src/audit/scribe-link.ts';
import { Writer } from '../../src/audit/writer.ts';
import { limits } from '../../src/base/index.ts';
import { ManualClock } from '../support/manual-clock.ts';
import { auditKey } from './support/audit-place.ts';

/** A writer whose scribe is the test itself. */
function writing() {
  const clock = new ManualClock();
  const told: string[] = [];
  const posted: ToScribe[] = [];
  let listener: ScribeListener | undefined;
  let starts = 0;
  const settings = {
    place: { file: '', anchorFile: '', key: auditKey },
    run: 'run',
    version: '1',
    runsHere: [],
    startedAtMs: clock.now(),
    namesMsMax: undefined,
    recordsMsMax: undefined,
  };
  const writer = new Writer(
    settings,
    (_settings, heard) => {
      starts += 1;
      listener = heard;
      return { post: (message) => posted.push(message), gone: Promise.resolve(), destroy() {} };
    },
    clock,
    () => [['live', '{}']],
    {
      recorded: (kind) => told.push(`recorded ${kind}`),
      failed: (why) => told.push(`failed: ${why}`),
      writable: (now) => told.push(now ? 'writable' : 'not writable'),
      lost: (sessions) => told.push(`lost ${sessions}`),
      broken: () => told.push('broken'),
    },
  );
  const say = (message: FromScribe) => listener?.message(message);
  const writes = () => posted.flatMap((message) => (message.kind === 'write' ? [message.batch] : []));
  const last = () => writes().at(-1) ?? { number: 0, records: [] as NewRecord[], alive: { atMs: 0, figures: [] } };
  return {
    writer,
    clock,
    told,
    posted,
    writes,
    last,
    say,
    kinds: () => last().records.map(({ kind }) => kind),
    starts: () => starts,
    ready: (batch = 0) => say({ kind: 'ready', batch, head: '0:', lost: 0, broken: false }),
    written: (number = last().number) => say({ kind: 'written', number, head: '1:', ms: 1 }),
    fail: (number = last().number) => say({ kind: 'failed', number, why: 'database or disk is full' }),
    die: () => listener?.died(new Error('gone')),
  };
}

const started = newRecord('session-started', 0, {}, { session: 'a' });
const ended = newRecord('session-ended', 0, {}, { session: 'a' });
const refused = newRecord('refused', 0, {});
const outcomeOf = (promise: Promise<void>) =>
  promise.then(
    () => 'written',
    (error: { code?: string }) => error.code,
  );

describe('the writer', () => {
  it('writes what came while it wrote in one batch, and says when it is written', async () => {
    const { writer, ready, written, writes } = writing();
    ready();
    const first = writer.append(started, 'now');
    const others = [refused, refused, ended].map((record) => writer.append(record, 'kept'));
    expect(writes().map(({ records }) => records.length)).toEqual([1]);
    written();
    expect(await outcomeOf(first.written)).toBe('written');
    expect(writes().map(({ records }) => records.length)).toEqual([1, 3]);
    written();
    expect(await Promise.all(others.map((each) => outcomeOf(each.written)))).toEqual(['written', 'written', 'written']);
    expect(writer.pending).toBe(0);
  });

  it('has at most so many records in a batch', () => {
    const { writer, ready, written, writes } = writing();
    ready();
    for (let count = 0; count < limits.auditBatchRecordsMax + 2; count++) writer.append(refused, 'kept');
    written();
    written();
    expect(writes().map(({ records }) => records.length)).toEqual([1, limits.auditBatchRecordsMax, 1]);
  });

  it('refuses what waits for a record that cannot be written, keeps the ends, and says what did not begin', async () => {
    const { writer, ready, written, fail, clock, kinds, told } = writing();
    ready();
    const first = writer.append(started, 'now');
    const end = writer.append(ended, 'end');
    fail();
    expect(await outcomeOf(first.written)).toBe('audit-unavailable');
    expect([first.dropped, end.dropped, writer.writable]).toEqual([true, false, false]);
    const late = writer.append(started, 'now');
    expect([await outcomeOf(late.written), late.dropped]).toEqual(['audit-unavailable', true]);
    clock.advance(limits.auditRetryMs);
    expect(kinds()).toEqual(['gap', 'session-ended']);
    fail();
    clock.advance(limits.auditRetryMs);
    expect(kinds()).toEqual(['gap', 'session-ended']);
    written();
    expect(writer.writable).toBe(true);
    expect(told).toContain('recorded gap');
    const again = writer.append(started, 'now');
    written();
    expect(await outcomeOf(again.written)).toBe('written');
    expect(kinds()).toEqual(['session-started']);
  });

  it('says in the gap how many of each are missing', () => {
    const { writer, ready, fail, clock, last } = writing();
    ready();
    writer.append(started, 'now');
    fail();
    for (let count = 0; count < 3; count++) writer.append(started, 'now');
    clock.advance(limits.auditRetryMs);
    expect(JSON.parse(last().records[0]?.body ?? '')).toMatchObject({ missing: { 'not-begun': 4 } });
  });

  it('keeps a place for the end of each live view when there is none for anything else', () => {
    const { writer, ready, fail, clock, last } = writing();
    ready();
    writer.append(refused, 'kept');
    fail();
    const room = limits.auditPendingMax - limits.sessionsMax;
    for (let count = writer.pending; count < room; count++) expect(writer.append(refused, 'kept').dropped).toBe(false);
    expect(writer.append(refused, 'kept').dropped).toBe(true);
    for (let count = writer.pending; count < limits.auditPendingMax; count++) writer.append(ended, 'end');
    expect(writer.pending).toBe(limits.auditPendingMax);
    expect(writer.append(ended, 'end').dropped).toBe(true);
    clock.advance(limits.auditRetryMs);
    expect(JSON.parse(last().records[0]?.body ?? '')).toMatchObject({ missing: { refused: 1, 'session-ended': 1 } });
  });

  it('waits for the disk for so long and no longer', async () => {
    const { writer, ready, written, clock } = writing();
    ready();
    const first = writer.append(started, 'now');
    clock.advance(limits.auditCommitMsMax - 1);
    expect(writer.writable).toBe(true);
    clock.advance(1);
    expect([await outcomeOf(first.written), first.dropped, writer.writable]).toEqual([
      'audit-unavailable',
      false,
      false,
    ]);
    written();
    expect(writer.writable).toBe(true);
  });

  it('begins again with a new thread, and writes nothing twice that the old one had written', async () => {
    const { writer, ready, die, clock, last, starts, written, kinds } = writing();
    ready();
    const first = writer.append(ended, 'end');
    const { number } = last();
    die();
    expect(writer.writable).toBe(false);
    clock.advance(limits.auditRetryMs);
    expect(starts()).toBe(2);
    ready(number);
    expect([writer.writable, writer.pending, first.dropped]).toEqual([true, 0, false]);
    writer.append(refused, 'kept');
    die();
    clock.advance(limits.auditRetryMs);
    ready(number);
    expect(kinds()).toEqual(['refused']);
    written();
    expect(writer.pending).toBe(0);
  });

  it('rejects when the record cannot be opened', async () => {
    const { writer, die } = writing();
    die();
    await expect(writer.ready).rejects.toThrow('gone');
  });

  it('writes each second that the relay lives, and finds a disk that is full before anybody asks', () => {
    const { writer, ready, fail, clock, writes } = writing();
    ready();
    clock.advance(limits.auditAliveMs);
    expect(writes()).toMatchObject([{ records: [], alive: { atMs: clock.now(), figures: [['live', '{}']] } }]);
    fail();
    expect(writer.writable).toBe(false);
  });

  it('writes what waits before it ends', async () => {
    const { writer, ready, written, posted } = writing();
    ready();
    const end = writer.append(ended, 'end');
    const closed = writer.close();
    written();
    await closed;
    expect(await outcomeOf(end.written)).toBe('written');
    expect(posted.at(-1)?.kind).toBe('close');
  });
});
