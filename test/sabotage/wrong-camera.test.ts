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

  it('is held by both cameras where it mixed them up before they registered: neither takes the other’s name', async () => {
    relay = await runningRelay();
    await relay.grant('alice', 'maple-garden');
    switchboard = await crossingSwitchboard(relay.url, { crossedFromTheStart: true });
    const devices = ['maple-garden', 'harbour-nursery'];
    const outcomes = devices.map((device) => called(device));

    expect(await Promise.all(outcomes)).toEqual(['device-mismatch', 'device-mismatch']);
    await using alice = await watching(relay, 'alice', 'maple-garden');

    expect(await alice.outcome).not.toBe('frame');
    expect(alice.frames).toEqual([]);
  });
});

/** What comes of a camera that connects to the switchboard: the name that it took, or why it took none. */
async function called(device: string): Promise<string> {
  const { promise, resolve } = Promise.withResolvers<string>();
  void relay?.camera(device, { relay: switchboard?.url ?? '' }, { registered: resolve, registrationRefused: resolve });
  return await promise;
}
