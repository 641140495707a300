import { EventEmitter, once } from 'node:events';
import type { Browser, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { limits } from '../../src/base/index.ts';
import type { Camera } from '../../src/camera/index.ts';
import {
  deviceInPicture,
  framesDecoded,
  framesGoOn,
  launchChromium,
  liveViewPage,
  showLiveView,
  stateOf,
  stateReached,
} from '../support/browser.ts';
import { cutLine } from '../support/cut-line.ts';
import { type RunningRelay, runningRelay } from '../support/running-relay.ts';

const device = 'maple-garden';
let browser: Browser;
let relay: RunningRelay;
let line: Awaited<ReturnType<typeof cutLine>>;
let camera: Camera;
let page: Page;
const events = new EventEmitter<{ registered: []; disconnected: []; left: [] }>();

beforeAll(async () => {
  browser = await launchChromium();
});
afterAll(() => browser.close());

beforeEach(async () => {
  relay = await runningRelay({ environment: { LATCHKEY_RELAY_WORKERS: '1' } });
  line = await cutLine(relay.server.httpPort);
  await relay.grant('alice', device);
  camera = await relay.camera(
    device,
    { relay: line.url },
    {
      registered: () => events.emit('registered'),
      disconnected: () => events.emit('disconnected'),
      viewerLeft: () => events.emit('left'),
    },
  );
  page = await liveViewPage(browser, relay.url);
  await showLiveView(page, device, await relay.token('viewer', 'alice'));
  await stateReached(page, device, 'live');
  await framesGoOn(page, device, 0, 20);
  await page.evaluate((id) => {
    const view = document.getElementById(id) as unknown as { peerConnection?: RTCPeerConnection };
    Object.assign(globalThis, { first: view.peerConnection });
  }, device);
});
afterEach(async () => {
  await page.close();
  await relay[Symbol.asyncDispose]();
  line.close();
});

/** Whether the page still has the connection that it had at the beginning. */
const sameConnection = () =>
  page.evaluate((id) => {
    const view = document.getElementById(id) as unknown as { peerConnection?: RTCPeerConnection };
    return view.peerConnection !== undefined && view.peerConnection === Reflect.get(globalThis, 'first');
  }, device);

const sessionsOpened = () => relay.metric('latchkey_sessions_opened_total', { flow: 'answer' });

async function goesOn(more: number): Promise<void> {
  await framesGoOn(page, device, await framesDecoded(page, device), more);
}

describe('a camera whose WebSocket is lost while somebody watches', () => {
  it('goes on sending, comes back by its ticket, and the live view is the same', async () => {
    const disconnected = once(events, 'disconnected');
    line.sever();
    await disconnected;
    expect(camera.connected).toBe(false);
    await goesOn(40);
    expect(await relay.metric('latchkey_cameras')).toBe(0);

    const registered = once(events, 'registered');
    line.mend();
    await registered;
    await goesOn(40);

    expect([await sameConnection(), await stateOf(page, device), camera.viewers]).toEqual([true, 'live', 1]);
    expect(await deviceInPicture(page, device)).toBe(device);
    expect(await sessionsOpened()).toBe(1);
    expect(await relay.metric('latchkey_sessions_moved_total')).toBe(1);
    expect(await relay.metric('latchkey_tickets_accepted_total')).toBe(1);

    const left = once(events, 'left');
    await page.evaluate((id) => document.getElementById(id)?.remove(), device);
    await left;
    await expect.poll(() => relay.metric('latchkey_sessions')).toBe(0);
    expect(camera.viewers).toBe(0);
  });

  it('takes over from the connection that the relay still has', async () => {
    const registered = once(events, 'registered');
    line.cutNear();
    await registered;
    await goesOn(40);
    expect(await relay.metric('latchkey_registrations_ended_total', { reason: 'replaced' })).toBe(1);
    expect([await sameConnection(), await stateOf(page, device), camera.viewers]).toEqual([true, 'live', 1]);
    expect(await sessionsOpened()).toBe(1);
  });
});

describe('a camera that stops while somebody watches', () => {
  it('says so: the live view ends long before its media counts as silent', async () => {
    await camera.close();
    const ended = () => relay.metric('latchkey_sessions_ended_total', { reason: 'camera-left' });
    await expect.poll(ended, { timeout: limits.sideSilentMsMax / 2 }).toBe(1);
  });
});

describe('a camera that starts again while somebody watches', () => {
  it('ends the old live view at once, and the page opens a new one', async () => {
    line.sever();
    await relay.camera(device);
    await expect.poll(() => relay.metric('latchkey_sessions_ended_total', { reason: 'camera-restarted' })).toBe(1);
    await expect.poll(sessionsOpened, { timeout: 30_000 }).toBe(2);
    await stateReached(page, device, 'live');
    await framesGoOn(page, device, 0, 20);
    expect(await sameConnection()).toBe(false);
    expect(await deviceInPicture(page, device)).toBe(device);
  });
});
