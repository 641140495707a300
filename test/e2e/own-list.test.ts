import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type RunningRelay, runningRelay } from '../support/running-relay.ts';
import { watching } from '../support/watching.ts';

const folder = mkdtempSync(join(tmpdir(), 'latchkey-own-list-'));
let relay: RunningRelay;

beforeAll(async () => {
  relay = await runningRelay();
  await relay.grant('alice', 'maple-garden');
  await relay.grant('ben', 'maple-garden', 'viewer');
  await relay.grant('chloe', 'maple-garden');
});

afterAll(async () => {
  await relay[Symbol.asyncDispose]();
  rmSync(folder, { recursive: true });
});

async function outcomeFor(person: string): Promise<string> {
  await using view = await watching(relay, person, 'maple-garden');
  return await view.outcome;
}

describe('a camera that learns its owner', () => {
  it('shows itself to the first, and to nobody else whom the relay lets through, until the file names them', async () => {
    const file = join(folder, 'subjects.json');
    const refused: string[] = [];
    const learning = { subjects: { mode: 'learn', file } } as const;
    const camera = await relay.camera('maple-garden', learning, { grantRefused: (why) => void refused.push(why) });
    expect(await outcomeFor('ben')).toBe('device-refused');
    expect(await outcomeFor('alice')).toBe('frame');
    expect(JSON.parse(readFileSync(file, 'utf8'))).toEqual({ subjects: ['alice'] });
    expect([await outcomeFor('ben'), await outcomeFor('chloe')]).toEqual(['device-refused', 'device-refused']);
    expect(refused).toEqual(['subject', 'subject', 'subject']);

    writeFileSync(file, '{"subjects": ["alice", "ben"]}');
    expect([await outcomeFor('ben'), await outcomeFor('chloe')]).toEqual(['frame', 'device-refused']);

    await camera.close();
    await relay.camera('maple-garden', learning);
    expect([await outcomeFor('chloe'), await outcomeFor('alice')]).toEqual(['device-refused', 'frame']);
  });
});

describe('a camera with one codec', () => {
  it.each([true, false])(
    'tells a viewer who takes another that they have none in common (viewer offers: %s)',
    async (offer) => {
      copyFileSync(join('config', 'demo', 'maple-garden.h264'), join(folder, 'h264-alone.h264'));
      await relay.camera('maple-garden', { source: { kind: 'clip', path: join(folder, 'h264-alone') } });
      await using alice = await watching(relay, 'alice', 'maple-garden', { codecs: ['VP8'], offer });
      expect(await alice.outcome).toBe('codec-mismatch');
    },
  );
});
