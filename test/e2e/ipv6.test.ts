import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { RTCPeerConnection } from 'werift';
import {
  deviceInPicture,
  framesGoOn,
  launchChromium,
  liveViewPage,
  showLiveView,
  stateReached,
} from '../support/browser.ts';
import { type RunningRelay, runningRelay } from '../support/running-relay.ts';
import { watching } from '../support/watching.ts';

let browser: Browser;

beforeAll(async () => {
  browser = await launchChromium();
});

afterAll(() => browser.close());

/** A relay at one address, with one camera’s owner. */
async function relayAt(host: string, announced: readonly string[]): Promise<RunningRelay> {
  const environment = {
    LATCHKEY_HTTP_HOST: host,
    LATCHKEY_RELAY_HOST: host,
    LATCHKEY_RELAY_ANNOUNCED: JSON.stringify(announced),
  };
  const relay = await runningRelay({ environment });
  await relay.grant('alice', 'maple-garden');
  return relay;
}

const candidate = /^a=candidate:(?:\S+ ){4}(\S+) .*\r?\n/gm;

/** Leaves to cameras (who get offers) and to viewers (who get answers) the relay's candidates of one family each. */
function divideFamilies(camera: 'IPv4' | 'IPv6'): void {
  const take = RTCPeerConnection.prototype.setRemoteDescription;
  vi.spyOn(RTCPeerConnection.prototype, 'setRemoteDescription').mockImplementation(function (
    this: RTCPeerConnection,
    description,
  ) {
    const ipv6 = (description.type === 'offer') === (camera === 'IPv6');
    const sdp = description.sdp?.replace(candidate, (line, host: string) => (host.includes(':') === ipv6 ? line : ''));
    return take.call(this, { ...description, sdp: sdp ?? '' });
  });
}

describe('over IPv6', () => {
  it('a viewer sees a camera through a relay at ::1', async () => {
    await using relay = await relayAt('::1', []);
    expect(relay.url).toMatch(/^http:\/\/\[::1\]:\d+$/);
    await relay.camera('maple-garden');
    await using alice = await watching(relay, 'alice', 'maple-garden');
    expect(await alice.outcome).toBe('frame');
  });

  it('a browser does too', async () => {
    await using relay = await relayAt('::1', []);
    await relay.camera('maple-garden');
    const page = await liveViewPage(browser, relay.url);
    await showLiveView(page, 'maple-garden', await relay.token('viewer', 'alice'));
    await stateReached(page, 'maple-garden', 'live');
    await framesGoOn(page, 'maple-garden', 0);
    expect(await deviceInPicture(page, 'maple-garden')).toBe('maple-garden');
    await page.close();
  });
});

describe('a relay at ::, which is every address', () => {
  it.each([
    ['IPv4', 'IPv6'],
    ['IPv6', 'IPv4'],
  ] as const)('joins a camera on %s and a viewer on %s', async (camera, _viewer) => {
    divideFamilies(camera);
    try {
      await using relay = await relayAt('::', ['127.0.0.1', '::1']);
      await relay.camera('maple-garden');
      await using alice = await watching(relay, 'alice', 'maple-garden');
      expect(await alice.outcome).toBe('frame');
    } finally {
      vi.restoreAllMocks();
    }
  });

  it('serves those who have the choice', async () => {
    await using relay = await relayAt('::', ['127.0.0.1', '::1']);
    await relay.camera('maple-garden');
    await using alice = await watching(relay, 'alice', 'maple-garden');
    expect(await alice.outcome).toBe('frame');
    const page = await liveViewPage(browser, relay.url);
    await showLiveView(page, 'maple-garden', await relay.token('viewer', 'alice'));
    await stateReached(page, 'maple-garden', 'live');
    await framesGoOn(page, 'maple-garden', 0);
    expect(await deviceInPicture(page, 'maple-garden')).toBe('maple-garden');
    await page.close();
  });
});
