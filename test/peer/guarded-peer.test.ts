import { createSocket } from 'node:dgram';
import { EventEmitter, once } from 'node:events';
import { afterEach, expect, test, vi } from 'vitest';
import { RTCPeerConnection } from 'werift';
import { LatchkeyError, systemRandom } from '../../src/base/index.ts';
import {
  createGuardedPeer,
  type DropReason,
  fingerprintsOf,
  type GuardedPeer,
  newCertificate,
  readDescription,
  rehearse,
} from '../../src/peer/index.ts';
import { viaRelay } from '../support/tiny-relay.ts';

const closers: (() => void | Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0)) await close();
});

async function peer(direction: 'sendonly' | 'recvonly', dropped?: (reason: DropReason) => void): Promise<GuardedPeer> {
  const certificate = await newCertificate();
  const made = createGuardedPeer(
    { certificate, direction, video: ['H264', 'VP8'], audio: true },
    systemRandom,
    dropped,
  );
  closers.push(() => made.close());
  return made;
}

async function socket() {
  const udp = createSocket('udp4');
  udp.bind(0, '127.0.0.1');
  await once(udp, 'listening');
  closers.push(() => void udp.close());
  return udp;
}

const lines = (sdp: string, begin: string) => sdp.split('\r\n').filter((line) => line.startsWith(begin));

test('a description tells no address of this machine', async () => {
  const viewer = await peer('recvonly');
  const offer = await viewer.offer();
  expect(lines(offer, 'a=candidate')).toEqual([]);
  expect(lines(offer, 'c=')).toEqual(['c=IN IP4 0.0.0.0', 'c=IN IP4 0.0.0.0']);
});

test('ICE credentials have the random bits that RFC 8445 asks for, and no two peers share them', async () => {
  const offers = await Promise.all([1, 2].map(async () => (await peer('recvonly')).offer()));
  const [one = '', two = ''] = offers.map((offer) => lines(offer, 'a=ice-pwd:')[0]?.slice('a=ice-pwd:'.length));
  expect(one).toMatch(/^[A-Za-z0-9+/]{24}$/);
  expect(one).not.toBe(two);
  expect(lines(offers[0] ?? '', 'a=ice-ufrag:')[0]).toMatch(/^a=ice-ufrag:[A-Za-z0-9+/]{8}$/);
});

test('each peer has the certificate that it was given', async () => {
  const certificates = await Promise.all([newCertificate(), newCertificate()]);
  const prints = certificates.map((certificate) => certificate.getFingerprints()[0]?.value);
  expect(prints[0]).not.toBe(prints[1]);
});

test('who only receives names no streams', async () => {
  const offer = await (await peer('recvonly')).offer();
  expect(lines(offer, 'a=ssrc')).toEqual([]);
  expect(lines(offer, 'a=msid:')).toEqual([]);
});

test('all that a camera sends is one live stream, with one track in each section', async () => {
  const offer = await (await peer('sendonly')).offer();
  const [video = '', audio = '', ...more] = lines(offer, 'a=msid:');
  expect(more).toEqual([]);
  expect(video).toMatch(/^a=msid:live \S+$/);
  expect(audio).toMatch(/^a=msid:live \S+$/);
  expect(video).not.toBe(audio);
});

test('fingerprints are written as SDP writes them', () => {
  const [sha256] = fingerprintsOf(Buffer.from('abc'));
  expect(sha256).toMatch(/^sha-256 BA:78:16:BF:8F:01(:[0-9A-F]{2}){26}$/);
});

test('no STUN or TURN server is asked, whatever the default of the library is', async () => {
  const viewer = await peer('recvonly');
  await viewer.offer();
  expect(viewer.transport.iceTransport.connection.stunServer).toBeUndefined();
  expect(viewer.transport.iceTransport.connection.turnServer).toBeUndefined();
});

test('only ICE checks towards the relay leave, and only what comes from it is taken', async () => {
  const drops = new EventEmitter<{ drop: [DropReason] }>();
  const nextDrop = async () => (await once(drops, 'drop'))[0] as DropReason;
  const relay = await socket();
  const stranger = await socket();
  const camera = await peer('sendonly', (reason) => drops.emit('drop', reason));
  const offer = await (await peer('recvonly')).offer();
  await camera.answer(readDescription(viaRelay(offer, relay.address().port)));
  const [check, source] = (await once(relay, 'message')) as [Buffer, { port: number }];
  expect(check.readUInt16BE(0)).toBe(0x0001);

  const oversized = Buffer.alloc(13 + 12 + 4);
  oversized.set([22, 0xfe, 0xfd]);
  oversized.writeUInt16BE(16, 11);
  oversized.set([11, 0xff, 0xff, 0xff], 13);
  oversized.set([4], 24);
  for (const [from, datagram, reason] of [
    [stranger, check, 'source'],
    [relay, oversized, 'handshake'],
    [relay, Buffer.from([0x50, 1, 2, 3]), 'class'],
  ] as const) {
    const drop = nextDrop();
    from.send(datagram, source.port, '127.0.0.1');
    expect(await drop).toBe(reason);
  }
});

test('a rehearsal makes descriptions and sets none: no socket opens', async () => {
  const set = vi.spyOn(RTCPeerConnection.prototype, 'setLocalDescription');
  const made = vi.spyOn(RTCPeerConnection.prototype, 'createAnswer');
  const certificate = await newCertificate();
  await rehearse({ certificate, direction: 'sendonly', video: ['H264', 'VP8'], audio: true }, systemRandom);
  expect([made.mock.calls.length, set.mock.calls.length]).toEqual([1, 0]);
  vi.restoreAllMocks();
});

test('two media sections outside of one bundle are refused', async () => {
  const camera = await peer('sendonly');
  const offer = viaRelay(await (await peer('recvonly')).offer(), 3478);
  const apart = offer
    .replace('a=group:BUNDLE 0 1\r\n', '')
    .replace(/(m=audio[\s\S]*a=ice-ufrag:)\S+/, '$1AAAAAAAA')
    .replace(/(m=audio[\s\S]*a=ice-pwd:)\S+/, '$1AAAAAAAAAAAAAAAAAAAAAAAA');
  await expect(camera.answer(readDescription(apart))).rejects.toBeInstanceOf(LatchkeyError);
});

test('a description that werift cannot read is an error of ours', async () => {
  const camera = await peer('sendonly');
  const offer = viaRelay(await (await peer('recvonly')).offer(), 3478);
  const broken = offer.replace('m=video 9 UDP/TLS/RTP/SAVPF', 'm=video');
  await expect(camera.answer(readDescription(broken))).rejects.toMatchObject({ code: 'sdp-malformed' });
});
