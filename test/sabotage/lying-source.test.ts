import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { OwnershipSource } from '../../src/ownership/index.ts';
import { type RunningRelay, runningRelay } from '../support/running-relay.ts';
import { watching } from '../support/watching.ts';

/** The first wall, broken: a source that says yes to everyone, in answers that pass every check. */
const liar: OwnershipSource = {
  name: 'liar',
  ask: async (question) => ({ ...question, role: 'owner', notAfterMs: undefined, version: '1' }),
  devicesOf: async () => [],
  close: async () => {},
};

let relay: RunningRelay;

beforeAll(async () => {
  relay = await runningRelay({ parts: { source: liar } });
});

afterAll(() => relay[Symbol.asyncDispose]());

describe('a source that answers yes for somebody else’s camera', () => {
  it('is held by the camera’s own list of subjects', async () => {
    const refused: string[] = [];
    const camera = await relay.camera(
      'maple-garden',
      { subjects: { mode: 'list', subjects: ['alice'] } },
      { grantRefused: (reason) => void refused.push(reason) },
    );
    await using stranger = await watching(relay, 'dan', 'maple-garden');

    expect(await stranger.outcome).toBe('device-refused');

    expect(stranger.frames).toEqual([]);
    expect(refused).toEqual(['subject']);
    expect(await relay.metric('latchkey_refusals_total', { code: 'device-refused', where: 'websocket' })).toBe(1);
    expect(await relay.metric('latchkey_relay_packets_total', { side: 'camera' })).toBe(0);
    await camera.close();
  });

  it('is the only wall that was broken: whom the camera knows still watches', async () => {
    const camera = await relay.camera('maple-garden', { subjects: { mode: 'list', subjects: ['alice'] } });
    await using owner = await watching(relay, 'alice', 'maple-garden');

    expect(await owner.outcome).toBe('frame');

    await camera.close();
  });
});
