import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { RTCPeerConnection } from 'werift';
import { openDgramPort } from '../../src/relay/udp/dgram-port.ts';
import type { OpenUdpPort } from '../../src/relay/udp/port.ts';
import { placeOf } from '../../src/relay/wire/path.ts';
import {
  deviceInPicture,
  framesGoOn,
  launchChromium,
  liveViewPage,
  showLiveView,
  stateReached,
} from '../support/browser.ts';
import { runningRelay } from '../support/running-relay.ts';
import { watching } from '../support/watching.ts';

let browser: Browser;

beforeAll(async () => {
  browser = await launchChromium();
});

afterAll(() => browser.close());

/** A relay at one address, and the addresses that datagrams came to it from. */
async function relayAt(host: string, announced: readonly string[]) {
  const sources = new Set<string>();
  const openPort: OpenUdpPort = (at, receive, cells) =>
    openDgramPort(
      at,
      (datagram) => {
        sources.add(placeOf(datagram.path, datagram.pathAt).host);
        receive(datagram);
      },
      cells,
    );
  const environment = {
    LATCHKEY_HTTP_HOST: host,
    LATCHKEY_RELAY_HOST: host,
    LATCHKEY_RELAY_ANNOUNCED: JSON.stringify(announced),
  };
  const relay = await runningRelay({ environment, parts: { openPort } });
  await relay.grant('alice', 'maple-garden');
  return { relay, sources, [Symbol.asyncDispose]: () => relay[Symbol.asyncDispose]() };
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
    await using at = await relayAt('::1', []);
    expect(at.relay.url).toMatch(/^http:\/\/\[::1\]:\d+$/);
    await at.relay.camera('maple-garden');
    await using alice = await watching(at.relay, 'alice', 'maple-garden');
    expect(await alice.outcome).toBe('frame');
    expect([...at.sources]).toEqual(['::1']);
  });

  it('a browser does too', async () => {
    await using at = await relayAt('::1', []);
    await at.relay.camera('maple-garden');
    const page = await liveViewPage(browser, at.relay.url);
    await showLiveView(page, 'maple-garden', await at.relay.token('viewer', 'alice'));
    await stateReached(page, 'maple-garden', 'live');
    await framesGoOn(page, 'maple-garden', 0);
    expect(await deviceInPicture(page, 'maple-garden')).toBe('maple-garden');
    expect([...at.sources]).toEqual(['::1']);
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
      await using at = await relayAt('::', ['127.0.0.1', '::1']);
      await at.relay.camera('maple-garden');
      await using alice = await watching(at.relay, 'alice', 'maple-garden');
      expect(await alice.outcome).toBe('frame');
      expect([...at.sources].sort()).toEqual(['127.0.0.1', '::1']);
    } finally {
      vi.restoreAllMocks();
    }
  });

  it('serves those who have the choice', async () => {
    await using at = await relayAt('::', ['127.0.0.1', '::1']);
    await at.relay.camera('maple-garden');
    await using alice = await watching(at.relay, 'alice', 'maple-garden');
    expect(await alice.outcome).toBe('frame');
    const page = await liveViewPage(browser, at.relay.url);
    await showLiveView(page, 'maple-garden', await at.relay.token('viewer', 'alice'));
    await stateReached(page, 'maple-garden', 'live');
    await framesGoOn(page, 'maple-garden', 0);
    expect(await deviceInPicture(page, 'maple-garden')).toBe('maple-garden');
    await page.close();
  });
});
