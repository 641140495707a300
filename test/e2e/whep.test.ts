import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { launchChromium, liveViewPage, readQrCode } from '../support/browser.ts';
import { type RunningRelay, runningRelay } from '../support/running-relay.ts';

let browser: Browser;
let relay: RunningRelay;
let page: Page;

beforeAll(async () => {
  relay = await runningRelay();
  await relay.grant('alice', 'maple-garden');
  await relay.camera('maple-garden');
  browser = await launchChromium();
  page = await liveViewPage(browser, relay.url);
});

afterAll(async () => {
  await browser.close();
  await relay[Symbol.asyncDispose]();
});

describe('WHEP by plain fetch', () => {
  let sessionUrl: string;

  it('shows the camera', async () => {
    const result = await page.evaluate(
      async (token) => {
        const connection = new RTCPeerConnection();
        Object.assign(globalThis, { connection });
        const video = document.createElement('video');
        video.muted = true;
        connection.ontrack = ({ streams }) => {
          video.srcObject = streams[0] ?? null;
        };
        connection.addTransceiver('video', { direction: 'recvonly' });
        connection.addTransceiver('audio', { direction: 'recvonly' });
        await connection.setLocalDescription();
        const response = await fetch('/whep/maple-garden', {
          method: 'POST',
          headers: { 'content-type': 'application/sdp', authorization: `Bearer ${token}` },
          body: connection.localDescription?.sdp ?? '',
        });
        await connection.setRemoteDescription({ type: 'answer', sdp: await response.text() });
        await video.play();
        await new Promise((resolve) => video.requestVideoFrameCallback(resolve));
        const toBase64 = (bytes: Uint8ClampedArray) => {
          let binary = '';
          for (let at = 0; at < bytes.length; at += 32_768)
            binary += String.fromCharCode(...bytes.subarray(at, at + 32_768));
          return btoa(binary);
        };
        const canvas = new OffscreenCanvas(video.videoWidth, video.videoHeight);
        const context = canvas.getContext('2d');
        context?.drawImage(video, 0, 0);
        const picture = context?.getImageData(0, 0, canvas.width, canvas.height);
        return {
          status: response.status,
          location: response.headers.get('location') ?? '',
          etag: response.headers.get('etag'),
          width: canvas.width,
          height: canvas.height,
          rgba: toBase64(picture?.data ?? new Uint8ClampedArray()),
        };
      },
      await relay.token('viewer', 'alice'),
    );
    expect(result.status).toBe(201);
    expect(result.etag).toMatch(/^"/);
    expect(readQrCode(Buffer.from(result.rgba, 'base64'), result.width, result.height)).toBe('maple-garden');
    sessionUrl = new URL(result.location, relay.url).href;
  });

  it.each([
    ['no token', undefined],
    ['a stranger’s', 'dan'],
  ])('its session URL does nothing with %s', async (_, person) => {
    const headers = person === undefined ? {} : { authorization: `Bearer ${await relay.token('viewer', person)}` };
    const response = await fetch(sessionUrl, { method: 'DELETE', headers });
    expect(response.status).toBe(person === undefined ? 401 : 403);
    expect(await relay.metric('latchkey_sessions')).toBe(1);
    expect(
      await page.evaluate(
        () => (globalThis as unknown as { connection: RTCPeerConnection }).connection.connectionState,
      ),
    ).toBe('connected');
  });

  it('and ends the view with the token that opened it', async () => {
    const headers = { authorization: `Bearer ${await relay.token('viewer', 'alice')}` };
    expect((await fetch(sessionUrl, { method: 'DELETE', headers })).status).toBe(200);
    expect(await relay.metric('latchkey_sessions')).toBe(0);
    expect(await relay.metric('latchkey_relay_wires')).toBe(0);
  });
});
