import { expect, test } from 'vitest';
import { newSessionId, systemClock, systemRandom } from '../../src/base/index.ts';
import { createRelay, type Place, type RelaySettings, type Side } from '../../src/relay/index.ts';
import { pairProof } from '../support/proofs.ts';
import { relaySettings } from '../support/relay-settings.ts';
import { credentials, hourMs, rtp } from './support/engine-harness.ts';
import { stun, stunTypes } from './support/stun-messages.ts';
import { UdpPeer } from './support/udp-peer.ts';

const ice = { viewer: credentials('view'), camera: credentials('camr') };
let serial = 0;

function check(side: Side, useCandidate = false): Buffer {
  const [sender, receiver] = side === 'viewer' ? [ice.viewer, ice.camera] : [ice.camera, ice.viewer];
  const username = `${receiver.ufrag}:${sender.ufrag}`;
  const transaction = Buffer.alloc(12, ++serial);
  return stun({ transaction, username, useCandidate, password: receiver.password, fingerprint: true });
}

function answer(side: Side, to: Buffer): Buffer {
  const { password } = ice[side];
  return stun({ type: stunTypes.success, transaction: to.subarray(8, 20), password, fingerprint: true });
}

/** A relay with one open wire, on threads. */
async function wireAt(settings: Partial<RelaySettings>) {
  const relay = await createRelay(relaySettings(settings), { clock: systemClock, random: systemRandom });
  const pair = pairProof('alice', 'cam1', systemClock.now(), systemClock.now() + hourMs);
  const place = relay.reserve(pair, newSessionId(systemRandom));
  await place.open(ice.viewer, ice.camera, { ended() {} });
  const port = place.addresses[0]?.port ?? 0;
  return {
    addresses: place.addresses,
    at: (host: string): Place => ({ host, port }),
    [Symbol.asyncDispose]: () => relay.close(),
  };
}

test('a viewer on IPv6 and a camera on IPv4 meet in one session, each answered from where they asked', async () => {
  await using wire = await wireAt({ host: '::' });
  await using viewer = await UdpPeer.open('::1');
  await using camera = await UdpPeer.open('127.0.0.1');
  const [fromViewer, fromCamera] = [check('viewer', true), check('camera')];
  viewer.send(fromViewer, wire.at('::1'));
  camera.send(fromCamera, wire.at('127.0.0.1'));
  expect(await camera.next()).toEqual({ bytes: fromViewer, from: wire.at('127.0.0.1') });
  expect(await viewer.next()).toEqual({ bytes: fromCamera, from: wire.at('::1') });
  camera.send(rtp(1), wire.at('127.0.0.1'));
  expect(await viewer.next()).toEqual({ bytes: rtp(1), from: wire.at('::1') });
});

test('a machine with several addresses answers from the one that was asked, and sends media from the one nominated', async () => {
  await using wire = await wireAt({ host: '::' });
  await using viewer = await UdpPeer.open('127.0.0.1');
  await using camera = await UdpPeer.open('127.0.0.1');
  camera.send(check('camera'), wire.at('127.0.0.1'));
  const checks = ['127.0.0.2', '127.0.0.3', '127.0.0.4'].map((host) => ({ host, bytes: check('viewer') }));
  for (const { host, bytes } of checks) {
    viewer.send(bytes, wire.at(host));
    expect((await camera.next()).bytes).toEqual(bytes);
  }
  const first = await viewer.next();
  expect(first.from.host).toBe('127.0.0.2');
  for (const { host, bytes } of checks) {
    const reply = answer('camera', bytes);
    camera.send(reply, wire.at('127.0.0.1'));
    expect(await viewer.next()).toEqual({ bytes: reply, from: wire.at(host) });
  }
  const nominated = check('viewer', true);
  viewer.send(nominated, wire.at('127.0.0.3'));
  await camera.next();
  const later = check('viewer');
  viewer.send(later, wire.at('127.0.0.4'));
  await camera.next();
  camera.send(rtp(1), wire.at('127.0.0.1'));
  expect(await viewer.next()).toEqual({ bytes: rtp(1), from: wire.at('127.0.0.3') });
});

test('one network interface alone can be served, IPv4 and IPv6', async () => {
  await using wire = await wireAt({ host: '::', device: 'lo' });
  expect(wire.addresses.map(({ host }) => host).sort()).toEqual(['127.0.0.1', '::1']);
  await using viewer = await UdpPeer.open('::1');
  await using camera = await UdpPeer.open('127.0.0.1');
  const fromViewer = check('viewer');
  viewer.send(fromViewer, wire.at('::1'));
  camera.send(check('camera'), wire.at('127.0.0.1'));
  expect((await camera.next()).bytes).toEqual(fromViewer);
});

test('an interface that is not there is a setting that cannot be used, and so is one where datagrams go one by one', async () => {
  await expect(wireAt({ host: '::', device: 'nowhere0' })).rejects.toMatchObject({ code: 'settings-invalid' });
  await expect(wireAt({ host: '::', device: 'lo', udp: 'dgram' })).rejects.toMatchObject({ code: 'settings-invalid' });
});
