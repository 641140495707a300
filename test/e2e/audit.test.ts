import { EventEmitter, once } from 'node:events';
import { mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { command } from '../support/command.ts';
import { plainCamera, plainViewer } from '../support/plain-media.ts';
import { type RunningRelay, runningRelay } from '../support/running-relay.ts';

const folder = mkdtempSync(join(tmpdir(), 'latchkey-audit-e2e-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** `latchkey audit …` on the record of a relay that runs. */
function audit(relay: RunningRelay, ...words: string[]) {
  return command(['audit', ...words, '--config', 'config/demo.json'], {
    LATCHKEY_DEMO: 'false',
    LATCHKEY_DATA_DIRECTORY: relay.settings.dataDirectory,
  });
}

/** Somebody watches until so many datagrams have come, and leaves. */
async function watch(relay: RunningRelay, subject: string, device: string, datagrams = 5) {
  const seen = Promise.withResolvers<void>();
  let left = datagrams;
  const viewer = await plainViewer(relay.url, await relay.token('viewer', subject), device, (what) => {
    if (what === 'datagram' && --left === 0) seen.resolve();
  });
  await seen.promise;
  viewer.end();
  return viewer.view;
}

async function ended(relay: RunningRelay, views: number): Promise<void> {
  await expect
    .poll(() => relay.metric('latchkey_audit_records_total', { kind: 'session-ended' }), { timeout: 30_000 })
    .toBe(views);
}

describe('the record of a relay that runs', () => {
  it('says who saw what from when to when, is whole, and forgets a person without coming apart', async () => {
    await using relay = await runningRelay();
    await relay.grant('alice', 'cam-1');
    await relay.grant('ben', 'cam-1');
    const camera = await plainCamera(relay.url, await relay.token('camera', 'cam-1'));
    const first = await watch(relay, 'alice', 'cam-1');
    await watch(relay, 'ben', 'cam-1');
    const eve = await plainViewer(relay.url, await relay.token('viewer', 'eve'), 'cam-1');
    expect((await eve.answered).error?.data?.reason).toBe('not-allowed');
    eve.end();
    camera.end();
    await ended(relay, 2);

    const asked = await audit(relay, 'who-saw', 'cam-1', '--from', '1h', '--json');
    expect([asked.code, asked.errors]).toEqual([0, '']);
    const { viewings, refusals, verdict } = JSON.parse(asked.output);
    expect(viewings).toMatchObject([
      {
        subject: { name: 'alice' },
        device: { name: 'cam-1' },
        session: first.session,
        seen: true,
        reason: 'viewer-left',
      },
      { subject: { name: 'ben' }, seen: true },
    ]);
    expect(viewings[0].figures.camera.bytes).toBeGreaterThan(0);
    expect(viewings[0].seenFromMs).toBeLessThanOrEqual(first.firstMs ?? 0);
    expect(viewings[0].seenUntilMs).toBeGreaterThanOrEqual(viewings[0].seenFromMs);
    expect(viewings[0].subject.details.ownership.source).toBe('sqlite');
    expect(refusals).toMatchObject([{ subject: { name: 'eve' }, code: 'not-allowed' }]);
    expect(verdict.findings).toEqual([]);

    const words = (await audit(relay, 'who-saw', 'cam-1')).output;
    expect(words).toMatch(/^WHO +AS +FROM \(UTC\) +UNTIL +BYTES +END +SESSION\nalice +owner +20\d\d-/);
    expect(words).toMatch(/refused:\nWHO +AT \(UTC\) +WHY NOT +TIMES\neve /);
    expect(words).toMatch(/the record is whole: verified \d+ records/);
    expect((await audit(relay, 'who-saw', 'cam-9')).output).toMatch(
      /^nobody saw cam-9 between 20.* UTC\n\nthe record is whole/,
    );
    expect((await audit(relay, 'what-saw', 'ben')).output).toMatch(/^CAMERA .*\ncam-1 /);

    const unsaid = await audit(relay, 'erase', 'alice');
    expect([unsaid.code, unsaid.errors]).toEqual([2, expect.stringContaining('say so with --yes')]);
    // Her session's beginning names her, and each look at her grant again.
    const ofAlice = (await audit(relay, 'export-subject', 'alice')).output.trimEnd().split('\n');
    const naming = ofAlice.filter((line) => line.includes('"name":"alice"')).length;
    expect(naming).toBeGreaterThan(0);
    const erased = await audit(relay, 'erase', 'alice', '--yes');
    expect([erased.code, erased.output]).toEqual([0, `${naming} names erased, and that is on record\n`]);
    expect((await audit(relay, 'who-saw', 'cam-1')).output).toMatch(/\n?\(erased\) +owner +20/);
    expect((await audit(relay, 'verify')).code).toBe(0);
    expect((await audit(relay, 'export-subject', 'alice')).output).toBe('');
    // Of his session alone; media may have begun from one side or from both, and his grant been looked at again.
    const ofBen = (await audit(relay, 'export-subject', 'ben')).output.trimEnd().split('\n');
    const records = ofBen.map((line): { kind: string; session: string } => JSON.parse(line));
    const kinds = new Set(records.map(({ kind }) => kind));
    kinds.delete('session-reproved');
    expect([...kinds]).toEqual(['session-started', 'media-started', 'session-ended']);
    expect(new Set(records.map(({ session }) => session))).toEqual(new Set([viewings[1].session]));
  });

  it('is taken elsewhere, verified there, and not believed when it was changed', async () => {
    await using relay = await runningRelay();
    await relay.grant('alice', 'cam-1');
    const camera = await plainCamera(relay.url, await relay.token('camera', 'cam-1'));
    await watch(relay, 'alice', 'cam-1');
    camera.end();
    await ended(relay, 1);
    const { output } = await audit(relay, 'export');
    const file = join(folder, 'export.jsonl');
    writeFileSync(file, output);
    const whole = await command(['audit', 'verify', '--file', file]);
    expect([whole.code, whole.output]).toEqual([0, expect.stringMatching(/^the record is whole/)]);
    const head = /^head (\S+)$/m.exec(whole.output)?.[1] ?? '';
    expect((await audit(relay, 'verify', '--head', head)).code).toBe(0);
    expect((await audit(relay, 'verify', '--head', `1:${'0'.repeat(64)}`)).code).toBe(1);
    writeFileSync(file, output.replace('alice', 'alina'));
    const changed = await command(['audit', 'verify', '--file', file]);
    expect([changed.code, changed.output]).toEqual([
      1,
      expect.stringMatching(/^THE RECORD IS NOT WHOLE:\n {2}the subject of record/),
    ]);
  });
});

describe('a record whose file is gone', () => {
  it('refuses new views, lets those go on that are open, and has their ends when it is back', async () => {
    await using relay = await runningRelay();
    await relay.grant('alice', 'cam-1');
    await relay.grant('ben', 'cam-1');
    const camera = await plainCamera(relay.url, await relay.token('camera', 'cam-1'));
    let heard = new EventEmitter();
    const alice = await plainViewer(relay.url, await relay.token('viewer', 'alice'), 'cam-1', (what) =>
      heard.emit(what),
    );
    await once(heard, 'datagram');
    const file = join(relay.settings.dataDirectory, 'audit.sqlite');
    renameSync(file, `${file}.away`);
    const writable = () => relay.metric('latchkey_audit_writable');
    await expect.poll(writable, { timeout: 30_000 }).toBe(0);

    const ben = await plainViewer(relay.url, await relay.token('viewer', 'ben'), 'cam-1');
    expect((await ben.answered).error).toMatchObject({ code: 503, data: { reason: 'audit-unavailable' } });
    expect(ben.view.firstMs).toBeUndefined();
    heard = new EventEmitter();
    await once(heard, 'datagram');
    alice.end();

    renameSync(`${file}.away`, file);
    await expect.poll(writable, { timeout: 30_000 }).toBe(1);
    await ended(relay, 1);
    await watch(relay, 'ben', 'cam-1');
    await ended(relay, 2);
    ben.end();
    camera.end();
    const { viewings, verdict } = JSON.parse((await audit(relay, 'who-saw', 'cam-1', '--json')).output);
    expect(viewings).toMatchObject([
      { session: alice.view.session, subject: { name: 'alice' }, end: 'ended', seen: true },
      { subject: { name: 'ben' }, end: 'ended', seen: true },
    ]);
    expect(verdict).toMatchObject({ gaps: 1, findings: [] });
  });
});

describe('latchkey audit', () => {
  const nowhere = { LATCHKEY_DATA_DIRECTORY: join(folder, 'nowhere'), LATCHKEY_CONFIG: 'config/demo.json' };

  it.each([
    ['a record that is not there', ['verify'], /there is no audit in/],
    ['an export that is not there', ['verify', '--file', 'no-such-file'], /no-such-file/],
    ['a head that is none', ['verify', '--head', '12'], /64 hexadecimal digits/],
    ['a time that is none', ['who-saw', 'cam-1', '--from', 'yesterday'], /2h for two hours ago/],
    ['a camera that cannot be', ['who-saw', 'a b'], /there is no audit|letters, digits/],
  ])('%s is wrong usage, said in a line', async (_, words, message) => {
    const { code, errors } = await command(['audit', ...words], nowhere);
    expect([code, errors]).toEqual([2, expect.stringMatching(message)]);
    expect(errors).not.toMatch(/^\s+at /m);
  });
});
