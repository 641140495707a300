import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { TcpHarness } from '../relay/support/tcp-harness.ts';
import { launchChromium } from '../support/browser.ts';
import { networkWithoutUdp, type ViewerNetwork } from '../support/network-namespace.ts';

/** An empty page at an address of this machine. */
async function emptyPage(host: string) {
  const server = createServer((_request, response) => response.setHeader('content-type', 'text/html').end('<p>here'));
  await once(server.listen(0, host), 'listening');
  const address = server.address();
  return {
    url: `http://${host}:${typeof address === 'object' ? address?.port : ''}/`,
    async [Symbol.asyncDispose](): Promise<void> {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** Offers a data channel and takes an answer that names these candidates and nobody behind them. Resolves to its own ufrag. */
function connectTo(page: Page, candidates: readonly string[]): Promise<string | undefined> {
  return page.evaluate(async (lines) => {
    const peer = new RTCPeerConnection();
    Object.assign(globalThis, { kept: peer });
    peer.createDataChannel('');
    await peer.setLocalDescription();
    const offer = peer.localDescription?.sdp ?? '';
    const answer = offer
      .replace(/^a=candidate.*\r\n/gm, '')
      .replace(/^a=setup:.*$/m, 'a=setup:passive')
      .replace(/^a=ice-ufrag:.*$/m, 'a=ice-ufrag:camr')
      .replace(/^a=ice-pwd:.*$/m, `a=ice-pwd:${'x'.repeat(22)}`);
    const sdp = answer + lines.map((line) => `a=candidate:${line}\r\n`).join('');
    await peer.setRemoteDescription({ type: 'answer', sdp });
    return /^a=ice-ufrag:(\S+)$/m.exec(offer)?.[1];
  }, candidates);
}

/** The text of the first attribute, which is USERNAME in the checks of Chromium. */
function firstAttributeOf(check: Buffer): string {
  return check.toString('latin1', 24, 24 + check.readUInt16BE(22));
}

describe('a viewer whose router loses UDP', () => {
  let network: ViewerNetwork;
  beforeAll(async () => {
    network = await networkWithoutUdp();
  });
  afterAll(() => network[Symbol.asyncDispose]());

  it('has a network where TCP comes through, and UDP does when it is let', async () => {
    const socket = createSocket('udp4');
    socket.bind(0, network.relayHost);
    await once(socket, 'listening');
    const { port } = socket.address();
    const heard: string[] = [];
    socket.on('message', (bytes, { address }) => heard.push(`${bytes} ${address}`));
    const say = (word: string) => {
      const script = `require('node:dgram').createSocket('udp4').send('${word}', ${port}, '${network.relayHost}', () => process.exit())`;
      return network.run(process.execPath, '-e', script);
    };
    for (const round of [1, 2]) {
      await say(`lost ${round}`);
      await network.passUdp(true);
      const message = once(socket, 'message');
      await say(`passed ${round}`);
      await message;
      await network.passUdp(false);
    }
    socket.close();
    expect(heard).toEqual([`passed 1 ${network.viewerHost}`, `passed 2 ${network.viewerHost}`]);
  });

  it('reaches a passive TCP candidate, and brings a check first', async () => {
    await using site = await emptyPage(network.relayHost);
    await using harness = await TcpHarness.open({ hosts: [network.relayHost] });
    const browser = await launchChromium({ executablePath: network.chromium });
    try {
      const page = await browser.newPage();
      await page.goto(site.url);
      const { host, port } = harness.listener.address;
      const ufrag = await connectTo(page, [
        `1 1 udp 2130706431 ${host} 9 typ host`,
        `2 1 tcp 1671430143 ${host} ${port} typ host tcptype passive`,
      ]);
      const { remote, local, bytes } = await harness.frames.next();
      expect(remote.host).toBe(network.viewerHost);
      expect(local).toEqual({ host, port });
      expect(firstAttributeOf(bytes)).toBe(`camr:${ufrag}`);
    } finally {
      await browser.close();
    }
  });
});

it('a browser that may not use UDP reaches a passive TCP candidate, and brings a check first', async () => {
  await using site = await emptyPage('127.0.0.1');
  await using harness = await TcpHarness.open();
  const browser = await launchChromium({ tcpAlone: true });
  try {
    const page = await browser.newPage();
    await page.goto(site.url);
    const { host, port } = harness.listener.address;
    const ufrag = await connectTo(page, [`1 1 tcp 1671430143 ${host} ${port} typ host tcptype passive`]);
    const { remote, bytes } = await harness.frames.next();
    expect(remote.host).toBe('127.0.0.1');
    expect(firstAttributeOf(bytes)).toBe(`camr:${ufrag}`);
  } finally {
    await browser.close();
  }
});
