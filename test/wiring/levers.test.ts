import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { subjectId } from '../../src/base/index.ts';
import { loadSettings } from '../../src/config/index.ts';
import { createRevocations } from '../../src/identity/index.ts';
import { Metrics } from '../../src/telemetry/index.ts';
import { openLevers, switchPositions } from '../../src/wiring/levers.ts';
import { ManualClock } from '../support/manual-clock.ts';

const folder = mkdtempSync(join(tmpdir(), 'latchkey-switches-'));
const listFile = join(folder, 'list');

function positions(switches: unknown, list = 'cam1\n') {
  writeFileSync(listFile, list);
  const file = join(folder, 'settings.json');
  writeFileSync(file, JSON.stringify({ mode: 'development', identity: { developmentIssuer: true }, switches }));
  return switchPositions(loadSettings(file, {}));
}

describe('the switches of the settings', () => {
  it('are on unless they say otherwise', () => {
    const { sharing, ...others } = positions({ sharing: 'off' });
    expect(sharing).toEqual({ position: 'off' });
    expect(Object.values(others)).toEqual(Array(4).fill({ position: 'on' }));
  });

  it('are off for prefixes, for devices, and for those in a list, each whole', () => {
    const list = '# the recall\ncam7\n\n  cam8   # of the neighbour\n';
    const given = { 'live-view': { offFor: { prefixes: ['house1-'], devices: ['cam1'], listFile } } };
    expect(positions(given, list)['live-view']).toEqual({
      position: 'off-for',
      prefixes: ['house1-'],
      devices: ['cam1', 'cam7', 'cam8'],
    });
  });

  it('may be set by the environment', () => {
    const given = { LATCHKEY_SWITCHES_LIVE_VIEW: 'off', LATCHKEY_SWITCHES_WHEP: '{"offFor": {"devices": ["cam1"]}}' };
    const settings = loadSettings('config/demo.json', given);
    expect(switchPositions(settings)).toMatchObject({
      'live-view': { position: 'off' },
      whep: { position: 'off-for', devices: ['cam1'] },
    });
  });

  it.each<[string, unknown, string, RegExp]>([
    ['a feature that is none', { flying: 'off' }, '', /flying/],
    ['a position that is none', { sharing: 'perhaps' }, '', /switches\.sharing/],
    ['an empty list', { sharing: { offFor: {} } }, '', /switches\.sharing/],
    ['empty lists', { sharing: { offFor: { prefixes: [], devices: [] } } }, '', /switches\.sharing/],
    [
      'a prefix that ends in the middle of a part',
      { sharing: { offFor: { prefixes: ['cam1'] } } },
      '',
      /switches\.sharing/,
    ],
    ['a device that is none', { sharing: { offFor: { devices: ['*'] } } }, '', /switches\.sharing/],
    ['a file that is not there', { sharing: { offFor: { listFile: '/nowhere' } } }, '', /\/nowhere cannot be read/],
    ['an empty file', { sharing: { offFor: { listFile } } }, '\n', /holds nothing/],
    ['a file of remarks alone', { sharing: { offFor: { listFile } } }, '# cam1\n', /names no device/],
    ['a file with a pattern', { sharing: { offFor: { listFile } } }, 'cam1\ncam*\n', /line 2 holds no device id/],
  ])('are refused with %s', (_, switches, list, message) => {
    expect(() => positions(switches, list || 'cam1\n')).toThrow(message);
  });
});

it('what was taken back is kept for as long as tokens live by the settings of now, and not by those of the start', async () => {
  const living = (seconds: number) =>
    loadSettings('config/demo.json', {
      LATCHKEY_DATA_DIRECTORY: folder,
      LATCHKEY_IDENTITY_TOKEN_LIFETIME_SECONDS_MAX: String(seconds),
    });
  const now = { settings: living(3_600) };
  const [clock, revocations] = [new ManualClock(), createRevocations()];
  const levers = openLevers(now, { clock, revocations }, new Metrics('test'));
  const issuedAtMs = clock.now();
  await levers.revoke({ of: 'subject', subject: subjectId('alice') });
  now.settings = living(86_400);
  clock.advance(10 * 3_600_000);
  await levers.revoke({ of: 'subject', subject: subjectId('ben') });
  expect(revocations.isVoid(subjectId('alice'), { issuedAtMs, tokenId: undefined })).toBe(true);
  clock.advance(86_400_000);
  await levers.revoke({ of: 'subject', subject: subjectId('ben') });
  expect(levers.list().revocations).toMatchObject([{ subject: 'ben' }]);
  levers.close();
});
