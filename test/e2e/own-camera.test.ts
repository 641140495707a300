import type { Browser, Page } from 'playwright-core';
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
  takeOnly,
  videoCodec,
} from '../support/browser.ts';
import { type RunningRelay, runningRelay } from '../support/running-relay.ts';

let browser: Browser;
let relay: RunningRelay;

beforeAll(async () => {
  relay = await runningRelay();
  await relay.grant('alice', 'maple-garden');
  await relay.grant('ben', 'maple-front-door', 'viewer', Date.now() + 3_600_000);
  await relay.grant('chloe', 'harbour-nursery');
  browser = await launchChromium();
});

afterAll(async () => {
  await browser.close();
  await relay[Symbol.asyncDispose]();
});

async function watches(page: Page, person: string, device: string): Promise<void> {
  await showLiveView(page, device, await relay.token('viewer', person));
  await stateReached(page, device, 'live');
}

describe('in a real browser', () => {
  it.each(['H264', 'VP8'])('an owner sees the camera that was asked for, in %s', async (codec) => {
    await using camera = disposable(await relay.camera('maple-garden'));
    const page = await liveViewPage(browser, relay.url);
    await takeOnly(page, codec);
    await watches(page, 'alice', 'maple-garden');
    await framesGoOn(page, 'maple-garden', 0, 20);
    expect(await videoCodec(page, 'maple-garden')).toBe(`video/${codec}`);
    expect(await deviceInPicture(page, 'maple-garden')).toBe('maple-garden');
    expect(camera.it.viewers).toBe(1);
    await page.close();
  });

  it('somebody with whom the camera is shared sees it too', async () => {
    await using _camera = disposable(await relay.camera('maple-front-door'));
    const page = await liveViewPage(browser, relay.url);
    await watches(page, 'ben', 'maple-front-door');
    await framesGoOn(page, 'maple-front-door', 0, 5);
    expect(await deviceInPicture(page, 'maple-front-door')).toBe('maple-front-door');
    await page.close();
  });

  it('two people watch two cameras at once, and each sees only their own', async () => {
    await using _garden = disposable(await relay.camera('maple-garden'));
    await using _nursery = disposable(await relay.camera('harbour-nursery'));
    const [alices, chloes] = await Promise.all([liveViewPage(browser, relay.url), liveViewPage(browser, relay.url)]);
    await Promise.all([watches(alices, 'alice', 'maple-garden'), watches(chloes, 'chloe', 'harbour-nursery')]);
    for (let look = 1; look <= 5; look++) {
      await Promise.all([
        framesGoOn(alices, 'maple-garden', look * 5),
        framesGoOn(chloes, 'harbour-nursery', look * 5),
      ]);
      expect(await deviceInPicture(alices, 'maple-garden')).toBe('maple-garden');
      expect(await deviceInPicture(chloes, 'harbour-nursery')).toBe('harbour-nursery');
    }
    await Promise.all([alices.close(), chloes.close()]);
  });

  it('one page shows several cameras over one connection to the relay', async () => {
    await relay.grant('alice', 'maple-front-door');
    await using _garden = disposable(await relay.camera('maple-garden'));
    await using _door = disposable(await relay.camera('maple-front-door'));
    const page = await liveViewPage(browser, relay.url);
    await Promise.all([watches(page, 'alice', 'maple-garden'), watches(page, 'alice', 'maple-front-door')]);
    await Promise.all([framesGoOn(page, 'maple-garden', 0), framesGoOn(page, 'maple-front-door', 0)]);
    expect(await deviceInPicture(page, 'maple-garden')).toBe('maple-garden');
    expect(await deviceInPicture(page, 'maple-front-door')).toBe('maple-front-door');
    await page.close();
  });

  it('the certificate that the browser sees is the camera’s own', async () => {
    await using camera = disposable(await relay.camera('maple-garden'));
    const page = await liveViewPage(browser, relay.url);
    await watches(page, 'alice', 'maple-garden');
    expect(await remoteFingerprint(page, 'maple-garden')).toBe(camera.it.fingerprint);
    await page.close();
  });

  it('a camera works only while somebody watches', async () => {
    const source: string[] = [];
    const stopped = Promise.withResolvers<void>();
    await using _camera = disposable(
      await relay.camera(
        'maple-garden',
        {},
        {
          sourceStarted: () => void source.push('started'),
          sourceStopped: () => {
            source.push('stopped');
            stopped.resolve();
          },
        },
      ),
    );
    expect(source).toEqual([]);
    const page = await liveViewPage(browser, relay.url);
    await watches(page, 'alice', 'maple-garden');
    expect(await framesDecoded(page, 'maple-garden')).toBeGreaterThan(0);
    await page.close();
    await stopped.promise;
    expect(source).toEqual(['started', 'stopped']);
  });
});

function disposable<T extends { close(): Promise<void> }>(it: T) {
  return { it, [Symbol.asyncDispose]: () => it.close() };
}
