import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  deviceInPicture,
  framesDecoded,
  framesGoOn,
  launchChromium,
  liveViewPage,
  remoteFingerprint,
  showLiveView,
  stateReached,
} from '../support/browser.ts';
import { networkWithoutUdp, type ViewerNetwork } from '../support/network-namespace.ts';
import { type RunningRelay, runningRelay } from '../support/running-relay.ts';

let network: ViewerNetwork;
let relay: RunningRelay;
let browser: Browser;

beforeAll(async () => {
  network = await networkWithoutUdp();
  const environment = { LATCHKEY_HTTP_HOST: network.relayHost, LATCHKEY_RELAY_HOST: network.relayHost };
  relay = await runningRelay({ environment });
  await relay.grant('alice', 'maple-garden');
  await relay.camera('maple-garden');
  browser = await launchChromium({ executablePath: network.chromium });
});

afterAll(async () => {
  await browser?.close();
  await relay?.[Symbol.asyncDispose]();
  await network?.[Symbol.asyncDispose]();
});

describe('a viewer whose network loses all UDP', () => {
  it('sees their camera over TCP, and the camera’s own certificate', async () => {
    const page = await liveViewPage(browser, relay.url);
    await showLiveView(page, 'maple-garden', await relay.token('viewer', 'alice'));
    await stateReached(page, 'maple-garden', 'live');
    await framesGoOn(page, 'maple-garden', await framesDecoded(page, 'maple-garden'), 30);

    expect(await deviceInPicture(page, 'maple-garden')).toBe('maple-garden');
    expect(await remoteFingerprint(page, 'maple-garden')).toMatch(/^[0-9A-F:]{95}$/);
    const sent = () => relay.metric('latchkey_relay_tcp_frames_total', { direction: 'send' });
    await expect.poll(sent, { timeout: 10_000 }).toBeGreaterThan(100);
    expect(await relay.metric('latchkey_relay_tcp_connections')).toBe(1);
    expect(await relay.metric('latchkey_relay_latches_total', { side: 'viewer' })).toBe(1);
    await page.close();
  });

  it('leaves no connection behind', async () => {
    const open = () => relay.metric('latchkey_relay_tcp_connections');
    await expect.poll(open, { timeout: 40_000 }).toBe(0);
    await expect.poll(() => relay.metric('latchkey_relay_wires'), { timeout: 40_000 }).toBe(0);
  });
});
