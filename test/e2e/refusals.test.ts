import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { framesGoOn, launchChromium, liveViewPage, showLiveView, stateReached } from '../support/browser.ts';
import { type RunningRelay, runningRelay } from '../support/running-relay.ts';

let browser: Browser;
let relay: RunningRelay;
let page: Page;

beforeAll(async () => {
  relay = await runningRelay();
  await relay.grant('alice', 'maple-garden');
  await relay.grant('ben', 'maple-garden', 'viewer', Date.now() - 1_000);
  await relay.camera('maple-garden');
  browser = await launchChromium();
  page = await liveViewPage(browser, relay.url);
});

afterAll(async () => {
  await browser.close();
  await relay[Symbol.asyncDispose]();
});

/** What the browser itself is told over WHEP, with a real offer. */
async function whepStatus(token: string, device = 'maple-garden'): Promise<{ status: number; body: string }> {
  return page.evaluate(
    async ([jwt, id]) => {
      const connection = new RTCPeerConnection();
      connection.addTransceiver('video', { direction: 'recvonly' });
      await connection.setLocalDescription();
      const response = await fetch(`/whep/${id}`, {
        method: 'POST',
        headers: { 'content-type': 'application/sdp', authorization: `Bearer ${jwt}` },
        body: connection.localDescription?.sdp ?? '',
      });
      connection.close();
      return { status: response.status, body: await response.text() };
    },
    [token, device] as const,
  );
}

/** Nothing of a camera or to it ever crossed the relay. */
async function nothingFlowed(): Promise<void> {
  expect(await relay.metric('latchkey_relay_wires')).toBe(0);
  expect(await relay.metric('latchkey_relay_packets_total', { side: 'camera' })).toBe(0);
  expect(await relay.metric('latchkey_relay_forwarded_total', { side: 'camera' })).toBe(0);
}

describe('in a real browser, no packet reaches', () => {
  it('a stranger, who gets 403', async () => {
    const token = await relay.token('viewer', 'dan');
    expect((await whepStatus(token)).status).toBe(403);
    await showLiveView(page, 'maple-garden', token);
    await stateReached(page, 'maple-garden', 'not-allowed');
    await page.evaluate(() => document.getElementById('maple-garden')?.remove());
    await nothingFlowed();
  });

  it('somebody whose share has expired, who gets 403', async () => {
    expect((await whepStatus(await relay.token('viewer', 'ben'))).status).toBe(403);
    await nothingFlowed();
  });

  it('somebody with a camera’s own token, who gets 401', async () => {
    expect((await whepStatus(await relay.token('camera', 'maple-garden'))).status).toBe(401);
    await nothingFlowed();
  });

  it('an owner whose token has not the shape of one, who gets 401', async () => {
    expect((await whepStatus('not.a.token')).status).toBe(401);
    await nothingFlowed();
  });

  it('a stranger cannot tell a camera that exists from one that does not', async () => {
    const token = await relay.token('viewer', 'dan');
    const [real, made] = await Promise.all([whepStatus(token, 'maple-garden'), whepStatus(token, 'no-such-camera')]);
    expect(made).toEqual(real);
  });

  it('refusals are counted by code', async () => {
    expect(await relay.metric('latchkey_refusals_total', { code: 'not-allowed', where: 'http' })).toBeGreaterThan(0);
    expect(await relay.metric('latchkey_refusals_total', { code: 'token-audience', where: 'http' })).toBe(1);
  });

  it('and the owner still sees the camera', async () => {
    await showLiveView(page, 'maple-garden', await relay.token('viewer', 'alice'));
    await stateReached(page, 'maple-garden', 'live');
    await framesGoOn(page, 'maple-garden', 0);
  });
});
