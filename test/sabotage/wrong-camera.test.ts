import { afterEach, describe, expect, it } from 'vitest';
import { crossingSwitchboard } from '../support/crossing-switchboard.ts';
import { type RunningRelay, runningRelay } from '../support/running-relay.ts';
import { watching } from '../support/watching.ts';

let relay: RunningRelay | undefined;
let switchboard: Awaited<ReturnType<typeof crossingSwitchboard>> | undefined;

afterEach(async () => {
  switchboard?.close();
  await relay?.[Symbol.asyncDispose]();
});

describe('a relay that sends a viewer’s offer to the wrong camera', () => {
  it('is held by that camera, which refuses a grant for another device', async () => {
    relay = await runningRelay();
    await relay.grant('alice', 'maple-garden');
    switchboard = await crossingSwitchboard(relay.url);
    const refusals = { garden: [] as string[], nursery: [] as string[] };
    const garden = { grantRefused: (reason: string) => void refusals.garden.push(reason) };
    const nursery = { grantRefused: (reason: string) => void refusals.nursery.push(reason) };
    await relay.camera('maple-garden', { relay: switchboard.url }, garden);
    await relay.camera('harbour-nursery', { relay: switchboard.url }, nursery);
    await using before = await watching(relay, 'alice', 'maple-garden');
    expect(await before.outcome).toBe('frame');
    await before.view.close();

    switchboard.cross();
    await using alice = await watching(relay, 'alice', 'maple-garden');

    expect(await alice.outcome).toBe('device-refused');
    expect(alice.frames).toEqual([]);
    expect(refusals).toEqual({ garden: [], nursery: ['device'] });
    expect(await relay.metric('latchkey_refusals_total', { code: 'device-refused', where: 'websocket' })).toBe(1);
  });
});
