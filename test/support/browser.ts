import { createHash } from 'node:crypto';
import jsqr from 'jsqr';
import { type Browser, chromium, type Page } from 'playwright-core';

export interface ChromiumOptions {
  /** Debian's, unless told otherwise: what starts it somewhere else. */
  readonly executablePath?: string;
  /** Has WebRTC open nothing but TCP, as a policy of an enterprise may. */
  readonly tcpAlone?: boolean;
}

/** Headless Chromium from Debian's packages, which reaches nothing but this machine. */
export function launchChromium({
  executablePath = '/usr/bin/chromium',
  tcpAlone,
}: ChromiumOptions = {}): Promise<Browser> {
  return chromium.launch({
    executablePath,
    args: [
      '--no-sandbox',
      '--disable-gpu',
      '--disable-quic',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
      '--allow-loopback-in-peer-connection',
      '--autoplay-policy=no-user-gesture-required',
      ...(tcpAlone === true ? ['--webrtc-ip-handling-policy=disable_non_proxied_udp'] : []),
    ],
  });
}

/** An empty page of the relay's own origin, with `<live-view>` known to it. */
export async function liveViewPage(browser: { newPage(): Promise<Page> }, relay: string): Promise<Page> {
  const page = await browser.newPage();
  await page.goto(`${relay}/healthz`);
  await page.addScriptTag({ url: '/live-view.js', type: 'module' });
  await page.evaluate(() => customElements.whenDefined('live-view').then(() => undefined));
  return page;
}

/** Puts a `<live-view>` for `device` onto the page, as an app would. */
export async function showLiveView(page: Page, device: string, token: string): Promise<void> {
  await page.evaluate(
    ([id, jwt]) => {
      const view = document.createElement('live-view');
      view.id = id ?? '';
      view.setAttribute('relay', location.origin);
      view.setAttribute('device', id ?? '');
      view.setAttribute('token', jwt ?? '');
      document.body.append(view);
    },
    [device, token],
  );
}

/** Resolves when the element says that state; its reasons for other states are in the error of a time-out. */
export async function stateReached(page: Page, device: string, state: string): Promise<void> {
  await page.waitForFunction(
    ([id, wanted]) => (document.getElementById(id ?? '') as unknown as { state: string }).state === wanted,
    [device, state],
    { polling: 50 },
  );
}

/** The state that the element shows. */
export function stateOf(page: Page, device: string): Promise<string> {
  return page.evaluate((id) => (document.getElementById(id) as unknown as { state: string }).state, device);
}

/** How many frames the element's video has decoded since it was made; 0 without a connection. */
export function framesDecoded(page: Page, device: string): Promise<number> {
  return page.evaluate(async (id) => {
    const view = document.getElementById(id) as unknown as { peerConnection?: RTCPeerConnection };
    const stats = await view.peerConnection?.getStats();
    for (const entry of stats?.values() ?? []) {
      if (entry.type === 'inbound-rtp' && entry.kind === 'video') return entry.framesDecoded ?? 0;
    }
    return 0;
  }, device);
}

/** Resolves when that many more frames have been decoded than `since`; never, where the picture stands still. */
export async function framesGoOn(page: Page, device: string, since: number, more = 10): Promise<void> {
  await page.evaluate(
    async ([id, least]) => {
      const view = document.getElementById(id) as unknown as {
        peerConnection?: RTCPeerConnection;
        video: HTMLVideoElement;
      };
      const decoded = async () => {
        const stats = await view.peerConnection?.getStats();
        for (const entry of stats?.values() ?? []) {
          if (entry.type === 'inbound-rtp' && entry.kind === 'video') return entry.framesDecoded ?? 0;
        }
        return 0;
      };
      while ((await decoded()) < least) {
        await new Promise((resolve) => view.video.requestVideoFrameCallback(resolve));
      }
    },
    [device, since + more] as const,
  );
}

/** Reads the device id out of the picture that is on the screen now; undefined where there is none to read. */
export async function deviceInPicture(page: Page, device: string): Promise<string | undefined> {
  const picture = await page.evaluate((id) => {
    const { video } = document.getElementById(id) as unknown as { video: HTMLVideoElement };
    if (video.videoWidth === 0) return undefined;
    const canvas = new OffscreenCanvas(video.videoWidth, video.videoHeight);
    const context = canvas.getContext('2d');
    if (context === null) return undefined;
    context.drawImage(video, 0, 0);
    const { data, width, height } = context.getImageData(0, 0, canvas.width, canvas.height);
    let binary = '';
    for (let at = 0; at < data.length; at += 32_768) {
      binary += String.fromCharCode(...data.subarray(at, at + 32_768));
    }
    return { rgba: btoa(binary), width, height };
  }, device);
  if (picture === undefined) return undefined;
  return readQrCode(Buffer.from(picture.rgba, 'base64'), picture.width, picture.height);
}

/** The text of the QR code in an RGBA picture, if it has one. */
export function readQrCode(rgba: Uint8Array, width: number, height: number): string | undefined {
  const read = jsqr as unknown as typeof jsqr.default;
  return read(new Uint8ClampedArray(rgba), width, height)?.data;
}

/** The codec of the video that arrives, such as `video/H264`. */
export function videoCodec(page: Page, device: string): Promise<string | undefined> {
  return page.evaluate(async (id) => {
    const view = document.getElementById(id) as unknown as { peerConnection?: RTCPeerConnection };
    const stats = await view.peerConnection?.getStats();
    for (const entry of stats?.values() ?? []) {
      if (entry.type === 'inbound-rtp' && entry.kind === 'video') return stats?.get(entry.codecId)?.mimeType;
    }
    return undefined;
  }, device);
}

/**
 * The SHA-256 fingerprint of the certificate that the other end of DTLS showed to the browser. It is made of the certificate
 * itself: the browser's statistics do not always name one.
 */
export async function remoteFingerprint(page: Page, device: string): Promise<string | undefined> {
  const certificate = await page.evaluate((id) => {
    const view = document.getElementById(id) as unknown as { peerConnection?: RTCPeerConnection };
    const [der] = view.peerConnection?.getReceivers()[0]?.transport?.getRemoteCertificates() ?? [];
    return der === undefined ? undefined : [...new Uint8Array(der)];
  }, device);
  if (certificate === undefined) return undefined;
  const digest = createHash('sha256').update(Uint8Array.from(certificate)).digest('hex').toUpperCase();
  return digest.match(/../g)?.join(':');
}

/** Lets the page's receivers take that one video codec and its retransmissions alone, such as `VP8`. */
export async function takeOnly(page: Page, codec: string): Promise<void> {
  await page.evaluate((name) => {
    const kinds = RTCRtpReceiver.getCapabilities('video')?.codecs ?? [];
    const taken = kinds.filter(({ mimeType }) => [`video/${name}`, 'video/rtx'].includes(mimeType));
    const add = RTCPeerConnection.prototype.addTransceiver;
    RTCPeerConnection.prototype.addTransceiver = function (this: RTCPeerConnection, ...parameters) {
      const transceiver = add.apply(this, parameters);
      if (transceiver.receiver.track.kind === 'video') transceiver.setCodecPreferences(taken);
      return transceiver;
    };
  }, codec);
}

/** Has the page reach the relay's media port through another port of this machine: a router that a test owns. */
export async function goThrough(page: Page, routerPort: number, relayPort: number): Promise<void> {
  await page.evaluate(
    ([instead, port]) => {
      type Take = (this: RTCPeerConnection, description: RTCSessionDescriptionInit) => Promise<void>;
      const take: Take = RTCPeerConnection.prototype.setRemoteDescription;
      const through: Take = function (description) {
        const sdp = description.sdp?.replaceAll(` ${port} typ`, ` ${instead} typ`) ?? '';
        return take.call(this, { type: description.type, sdp });
      };
      Object.assign(RTCPeerConnection.prototype, { setRemoteDescription: through });
    },
    [routerPort, relayPort] as const,
  );
}
