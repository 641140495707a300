import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type OpenUdpPort, openDgramPort, type Path, pathOf, placeOf } from '../../src/relay/index.ts';
import { addressTranslator } from '../support/address-translator.ts';
import {
  deviceInPicture,
  framesDecoded,
  framesGoOn,
  goThrough,
  launchChromium,
  liveViewPage,
  showLiveView,
  stateReached,
} from '../support/browser.ts';
import { type RunningRelay, runningRelay } from '../support/running-relay.ts';

const enough = 400;
const instead = new Map<number, Path>();
const misdirected = Promise.withResolvers<void>();
let count = 0;

/** The way out of the engine, corrupted on demand: what is for one address leaves for another. */
const corruptible: OpenUdpPort = async (at, receive, cells) => {
  const port = await openDgramPort(at, receive, cells);
  return {
    address: port.address,
    receiveBufferBytes: port.receiveBufferBytes,
    sendBufferBytes: port.sendBufferBytes,
    close: () => port.close(),
    send(to, toAt, ...datagrams) {
      const wrong = instead.get(placeOf(to, toAt).port);
      if (wrong !== undefined && ++count === enough) misdirected.resolve();
      port.send(wrong ?? to, wrong === undefined ? toAt : 0, ...datagrams);
    },
  };
};

let browser: Browser;
let relay: RunningRelay;

beforeAll(async () => {
  relay = await runningRelay({ environment: { LATCHKEY_RELAY_WORKERS: '1' }, parts: { openPort: corruptible } });
  await relay.grant('alice', 'maple-garden');
  await relay.grant('chloe', 'harbour-nursery');
  await relay.camera('maple-garden');
  await relay.camera('harbour-nursery');
  browser = await launchChromium();
});

afterAll(async () => {
  await browser.close();
  await relay[Symbol.asyncDispose]();
});

/** Somebody who watches through a router of their own, so that the test knows their address. */
async function watcher(person: string, device: string) {
  const router = await addressTranslator(relay.server.mediaPort);
  const page = await liveViewPage(browser, relay.url);
  await goThrough(page, router.port, relay.server.mediaPort);
  await showLiveView(page, device, await relay.token('viewer', person));
  await stateReached(page, device, 'live');
  await framesGoOn(page, device, 0);
  const address = pathOf('127.0.0.1', router.outsidePort);
  if (address === undefined) throw new TypeError('a router has an address');
  return { page, router, address };
}

describe('an engine that sends media to the wrong address', () => {
  it('is held by the sealed wire: nobody decodes a frame that is not theirs', async () => {
    const alice = await watcher('alice', 'maple-garden');
    const chloe = await watcher('chloe', 'harbour-nursery');
    const sees = (page: Page, device: string) =>
      Promise.all([deviceInPicture(page, device), framesDecoded(page, device)]);

    instead.set(alice.router.outsidePort, chloe.address);
    instead.set(chloe.router.outsidePort, alice.address);
    const [[, alicesFrames], [, chloesFrames]] = await Promise.all([
      sees(alice.page, 'maple-garden'),
      sees(chloe.page, 'harbour-nursery'),
    ]);
    await misdirected.promise;

    const [alices, chloes] = await Promise.all([sees(alice.page, 'maple-garden'), sees(chloe.page, 'harbour-nursery')]);
    expect(alices[0]).toBe('maple-garden');
    expect(chloes[0]).toBe('harbour-nursery');
    // What was on its way already may still be shown; at 15 frames a second, hundreds of datagrams are many more.
    expect(alices[1] - alicesFrames).toBeLessThan(8);
    expect(chloes[1] - chloesFrames).toBeLessThan(8);
    const unknownAnswers = () => relay.metric('latchkey_relay_dropped_total', { reason: 'transaction-unknown' });
    await expect.poll(unknownAnswers, { timeout: 60_000 }).toBeGreaterThan(0);
    for (const { page, router } of [alice, chloe]) {
      await page.close();
      router.close();
    }
  });
});
