// Whoever owns `cam1` and asks for `cam10`, or is called like the owner's beginning, end, or pattern. Whole ids hold: in the
// database, in the cache, in the pair and at the session.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { deviceId } from '../../src/base/index.ts';
import { openSqliteSource, type SqliteSource } from '../../src/ownership/index.ts';
import { createSessions } from '../../src/pairing/index.ts';
import { asking } from '../ownership/support/asking.ts';
import { questionOf } from '../ownership/support/scripted-source.ts';
import { codeOf } from '../support/codes.ts';
import { ManualClock } from '../support/manual-clock.ts';
import { cameraProof, pairProof } from '../support/proofs.ts';
import { seededRandom } from '../support/seeded-random.ts';

const clock = new ManualClock();
const folder = mkdtempSync(join(tmpdir(), 'latchkey-match-'));
let source: SqliteSource;

beforeAll(() => {
  source = openSqliteSource({ file: join(folder, 'ownership.sqlite'), clock });
  source.grant({ ...questionOf('alice', 'cam1'), role: 'owner' });
});

afterAll(async () => {
  await source.close();
  rmSync(folder, { recursive: true });
});

const alike: [string, string][] = [
  ['alice', 'cam10'],
  ['alice', 'cam'],
  ['alice', 'acam1'],
  ['alice', 'Cam1'],
  ['alice', 'cam1.'],
  ['alice', 'c.m1'],
  ['alice', 'cam1|cam2'],
  ['alice2', 'cam1'],
  ['alic', 'cam1'],
  ['malice', 'cam1'],
  ['ALICE', 'cam1'],
];

it('what is like a grant is no grant, before and after the grant was remembered', async () => {
  const { codeFor } = asking({ source, clock });
  for (let round = 0; round < 2; round++) {
    for (const [subject, device] of alike) expect(await codeFor(subject, device)).toBe('not-allowed');
    expect(await codeFor('alice', 'cam1')).toBe('done');
  }
});

it('a pattern is no id at all', async () => {
  for (const pattern of ['cam%', 'cam_1%', 'cam*', '*', '%', 'cam1 OR 1=1', "cam1'--", '.*', '^cam1$', 'cam1\n', '']) {
    expect(await codeOf(() => deviceId(pattern))).toBe('id-invalid');
  }
});

it('who is like somebody lists nothing of theirs', async () => {
  const { devices } = asking({ source, clock });
  expect(await devices('alice')).toEqual(['cam1']);
  for (const subject of ['alice2', 'alic', 'malice', 'ALICE']) expect(await devices(subject)).toEqual([]);
});

it('what is like a session’s pair does not reach the session', async () => {
  const settings = { lifetimeMsMax: 3_600_000, perDeviceMax: 8, perSubjectMax: 8 };
  const sessions = createSessions(settings, clock, seededRandom(1));
  const { id } = sessions.open(pairProof('alice', 'cam1', clock.now()));
  for (const [subject, device] of alike) {
    const pair = pairProof(subject, device, clock.now());
    expect(await codeOf(() => sessions.ofViewer(id, pair))).toBe('session-unknown');
    if (device === 'cam1') continue;
    expect(await codeOf(() => sessions.ofCamera(id, cameraProof(device, clock.now())))).toBe('session-unknown');
  }
});
