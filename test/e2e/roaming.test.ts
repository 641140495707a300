import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { addressTranslator } from '../support/address-translator.ts';
import {
  deviceInPicture,
  framesDecoded,
  framesGoOn,
  goThrough,
  launchChromium,
  liveViewPage,
  showLiveView,
  stateOf,
  stateReached,
} from '../support/browser.ts';
import { type RunningRelay, runningRelay } from '../support/running-relay.ts';

let browser: Browser;
let relay: RunningRelay;

beforeAll(async () => {
  relay = await runningRelay({ environment: { LATCHKEY_RELAY_WORKERS: '1' } });
  await relay.grant('alice', 'maple-garden');
  await relay.camera('maple-garden');
  browser = await launchChromium();
});

afterAll(async () => {
  await browser.close();
  await relay[Symbol.asyncDispose]();
});

describe('a viewer whose network address changes', () => {
  it('goes on watching, without new signaling', async () => {
    const router = await addressTranslator(relay.server.mediaPort);
    const page = await liveViewPage(browser, relay.url);
    await goThrough(page, router.port, relay.server.mediaPort);
    await showLiveView(page, 'maple-garden', await relay.token('viewer', 'alice'));
    await stateReached(page, 'maple-garden', 'live');
    await framesGoOn(page, 'maple-garden', 0, 20);
    const latchesBefore = await relay.metric('latchkey_relay_latches_total', { side: 'viewer' });

    expect(router.carried).toBeGreaterThan(0);
    await router.move();

    await framesGoOn(page, 'maple-garden', await framesDecoded(page, 'maple-garden'), 40);
    expect(await deviceInPicture(page, 'maple-garden')).toBe('maple-garden');
    expect(await stateOf(page, 'maple-garden')).toBe('live');
    expect(await relay.metric('latchkey_relay_latches_total', { side: 'viewer' })).toBe(latchesBefore + 1);
    expect(await relay.metric('latchkey_sessions_opened_total', { flow: 'answer' })).toBe(1);
    await page.close();
    router.close();
  });
});
