import type { Browser } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import {
  deviceInPicture,
  framesGoOn,
  launchChromium,
  liveViewPage,
  remoteFingerprint,
  showLiveView,
  stateReached,
} from '../support/browser.ts';
import { type RunningRelay, runningRelay } from '../support/running-relay.ts';
import { watching } from '../support/watching.ts';
import { type StackName, stackNames, type ViewerFlow } from './foreign/messages.ts';
import { ForeignProcess } from './foreign-process.ts';
import { deviceIn } from './picture.ts';

let browser: Browser;
let relay: RunningRelay;

beforeAll(async () => {
  browser = await launchChromium();
});

afterAll(() => browser.close());

beforeEach(async () => {
  relay = await runningRelay();
  await relay.grant('alice', 'maple-garden');
});

afterEach(() => relay[Symbol.asyncDispose]());

async function foreignCamera(stack: StackName, answers: boolean): Promise<ForeignProcess> {
  const token = await relay.token('camera', 'maple-garden');
  const camera = new ForeignProcess({
    role: 'camera',
    stack,
    relay: relay.url,
    token,
    device: 'maple-garden',
    answers,
  });
  await camera.hears('registered');
  return camera;
}

async function foreignViewer(stack: StackName, flow: ViewerFlow, person = 'alice'): Promise<ForeignProcess> {
  const token = await relay.token('viewer', person);
  return new ForeignProcess({ role: 'viewer', stack, relay: relay.url, token, device: 'maple-garden', flow });
}

/** Resolves when the device's own name has been read in a picture that the viewer got. */
async function seesTheDevice(viewer: ForeignProcess): Promise<void> {
  await viewer.until('picture', async (picture) => (await deviceIn(picture)) === 'maple-garden');
}

async function mediaCrossed(flow: ViewerFlow): Promise<void> {
  expect(await relay.metric('latchkey_sessions_opened_total', { flow })).toBe(1);
  expect(await relay.metric('latchkey_relay_wires')).toBe(1);
  for (const side of ['camera', 'viewer']) {
    expect(await relay.metric('latchkey_relay_latches_total', { side })).toBeGreaterThan(0);
    expect(await relay.metric('latchkey_relay_forwarded_total', { side })).toBeGreaterThan(0);
  }
}

describe.each(stackNames)('a camera on %s', (stack) => {
  it.each([
    ['takes the viewer’s offer', 'answer'],
    ['makes the offer itself, as plain ONVIF has it', 'onvif'],
  ] as const)('%s, and shows itself', async (_, flow) => {
    await using camera = await foreignCamera(stack, flow === 'answer');
    await using alice = await watching(relay, 'alice', 'maple-garden');

    expect(await alice.outcome).toBe('frame');
    const [first] = alice.frames;
    expect(first?.key).toBe(true);
    if (first === undefined) return;
    expect(await deviceIn({ kind: 'encoded', codec: first.codec, data: first.data })).toBe('maple-garden');
    const granted = await camera.hears('granted');
    expect(granted).toMatchObject({ device: 'maple-garden', subject: 'alice' });
    expect(granted.fingerprints).toContain(`sha-256 ${(await camera.hears('connected')).seen}`);
    expect((await camera.hears('candidatesSent')).count).toBeGreaterThan(0);
    await mediaCrossed(flow);
  });

  it('shows itself to a browser, and both see each other’s own certificate', async () => {
    await using camera = await foreignCamera(stack, true);
    const page = await liveViewPage(browser, relay.url);
    await showLiveView(page, 'maple-garden', await relay.token('viewer', 'alice'));
    await stateReached(page, 'maple-garden', 'live');
    await framesGoOn(page, 'maple-garden', 0, 5);

    expect(await deviceInPicture(page, 'maple-garden')).toBe('maple-garden');
    const { own, seen } = await camera.hears('connected');
    expect(await remoteFingerprint(page, 'maple-garden')).toBe(own);
    expect((await camera.hears('granted')).fingerprints).toEqual([`sha-256 ${seen}`]);
    await page.close();
  });
});

describe('a camera on libdatachannel that sends no key frame of its own accord', () => {
  it('is asked for one through the relay, and begins with it', async () => {
    await using camera = await foreignCamera('libdatachannel', true);
    await using alice = await watching(relay, 'alice', 'maple-garden');

    expect(await alice.outcome).toBe('frame');
    await camera.hears('keyFrameAsked');
    expect(alice.frames[0]?.key).toBe(true);
    expect(alice.view.stats.keyFrameRequests).toBeGreaterThan(0);
  });
});

describe.each(stackNames)('a viewer on %s', (stack) => {
  it.each([
    ['with its offer in connect', 'answer'],
    ['that waits for the camera’s offer, as plain ONVIF has it', 'onvif'],
    ['with nothing but WHEP', 'whep'],
  ] as const)('%s sees the camera, and the camera’s own certificate', async (_, flow) => {
    const camera = await relay.camera('maple-garden');
    await using viewer = await foreignViewer(stack, flow);

    await seesTheDevice(viewer);
    expect((await viewer.hears('connected')).seen).toBe(camera.fingerprint);
    expect((await viewer.hears('candidatesSent')).count).toBeGreaterThan(0);
    await mediaCrossed(flow);
  });

  it('is refused where the camera is somebody else’s, and gets no packet', async () => {
    await relay.camera('maple-garden');
    await using viewer = await foreignViewer(stack, 'answer', 'dan');

    expect(await viewer.hears('refused')).toEqual({ code: 'not-allowed' });
    expect(await relay.metric('latchkey_relay_wires')).toBe(0);
    expect(await relay.metric('latchkey_relay_forwarded_total', { side: 'camera' })).toBe(0);
  });
});

describe('with a foreign stack at both ends', () => {
  it.each([
    ['libdatachannel', 'libdatachannel'],
    ['libwebrtc', 'libdatachannel'],
    ['libwebrtc', 'libwebrtc'],
  ] as const)('a camera on %s is seen by a viewer on %s', async (cameraStack, viewerStack) => {
    await using camera = await foreignCamera(cameraStack, true);
    await using viewer = await foreignViewer(viewerStack, 'answer');

    await seesTheDevice(viewer);
    const [shown, seen] = await Promise.all([camera.hears('connected'), viewer.hears('connected')]);
    expect([shown.seen, seen.seen]).toEqual([seen.own, shown.own]);
    await mediaCrossed('answer');
  });
});
