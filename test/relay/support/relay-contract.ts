import { describe, expect, test } from 'vitest';
import type { Clock } from '../../../src/base/index.ts';
import type { RelaySettings, Wire } from '../../../src/relay/index.ts';
import { credentials, dtls, emptySizes, rtp } from './engine-harness.ts';
import { answerOf, checkOf, iceOf, type RelayBench } from './relay-bench.ts';
import { UdpPeer } from './udp-peer.ts';

/** What a relay does on real sockets, whichever way its media moves. */
export function relayContract(
  name: string,
  open: (settings?: Partial<RelaySettings>) => Promise<RelayBench<Clock>>,
): void {
  describe(`${name}: on real sockets`, () => {
    test.each([
      ['127.0.0.1', '127.0.0.1'],
      ['127.0.0.1', '::1'],
      ['::1', '127.0.0.1'],
      ['::1', '::1'],
    ] as const)('a viewer at %s and a camera at %s check, latch and talk', async (viewerHost, cameraHost) => {
      await using bench = await open();
      await using viewer = await UdpPeer.open(viewerHost);
      await using camera = await UdpPeer.open(cameraHost);
      await bench.wire();
      const check = checkOf('viewer', 1);
      bench.send(viewer, check);
      await bench.happened('latched viewer');
      bench.send(camera, checkOf('camera', 2));

      const held = await camera.next();
      expect(held).toEqual({ bytes: check, from: { host: cameraHost, port: bench.port } });
      expect((await viewer.next()).bytes).toEqual(checkOf('camera', 2));
      const answer = answerOf('camera', 1);
      bench.send(camera, answer);
      expect((await viewer.next()).bytes).toEqual(answer);
      bench.send(viewer, dtls);
      expect((await camera.next()).bytes).toEqual(dtls);
      for (let n = 0; n < 10; n++) bench.send(camera, rtp(n));
      for (let n = 0; n < 10; n++) expect((await viewer.next()).bytes).toEqual(rtp(n));
      await bench.happened('media camera');
      expect(bench.told).toEqual(['latched viewer', 'latched camera', 'media camera']);
      expect(bench.relay.counters).toMatchObject({
        wiresOpened: 1,
        sendErrors: { full: 0, other: 0 },
        forwarded: { camera: { packets: 12 } },
      });
    });

    test('a stranger gets no answer', async () => {
      await using bench = await open();
      await using stranger = await UdpPeer.open();
      await using viewer = await UdpPeer.open();
      await bench.wire();
      for (const bytes of [dtls, rtp(1), Buffer.from('hello'), answerOf('camera', 1)]) bench.send(stranger, bytes);
      bench.send(viewer, checkOf('viewer', 1));
      await bench.happened('latched viewer');

      expect(bench.relay.counters.drops).toMatchObject({ unlatched: 3, 'class-quic': 1 });
      expect(bench.relay.counters.forwarded).toMatchObject({ viewer: { packets: 0 }, camera: { packets: 0 } });
      expect(bench.relay.gauges).toMatchObject({ latches: 1, held: 1 });
    });

    test('a wire’s end stops everything', async () => {
      await using bench = await open();
      await using viewer = await UdpPeer.open();
      await using camera = await UdpPeer.open();
      const wire = await bench.wire();
      await bench.latch(viewer, camera);
      wire.end();
      wire.end();
      await bench.happened('finished');
      expect(bench.relay.gauges).toEqual(emptySizes);
      expect(wire.stats().viewer.latches).toBe(1);

      await bench.wire();
      bench.send(camera, rtp(1));
      bench.send(camera, checkOf('camera', 9));
      await bench.happened('latched camera', 2);
      expect(bench.relay.counters.drops.unlatched).toBe(1);
      expect(bench.told).toEqual(['latched viewer', 'latched camera', 'latched camera']);
    });

    test('what a side has sent can be read while it sends, and after the end', async () => {
      await using bench = await open();
      await using viewer = await UdpPeer.open();
      await using camera = await UdpPeer.open();
      const wire = await bench.wire();
      await bench.latch(viewer, camera);
      for (const n of [1, 2, 5]) bench.send(camera, rtp(n));
      for (const n of [1, 2, 5]) expect((await viewer.next()).bytes).toEqual(rtp(n));

      const check = checkOf('camera', 202).length;
      expect(wire.stats().camera).toMatchObject({ packets: 4, bytes: check + 3 * rtp(1).length, rtpPackets: 3 });
      expect(wire.stats().firstMediaMs).toBeGreaterThan(0);
      wire.end();
      await bench.happened('finished');
      expect(wire.stats().camera).toMatchObject({ packets: 4, rtpPackets: 3, lost: 2, latches: 1 });
    });
  });

  describe(`${name}: events`, () => {
    test('a handler may end its own wire, and open another', async () => {
      await using bench = await open();
      await using viewer = await UdpPeer.open();
      const opened = Promise.withResolvers<Wire>();
      const wire = await bench.reserve().open(...iceOf(1), {
        latched() {
          wire.end();
          opened.resolve(bench.wire());
        },
        ended() {},
      });
      bench.send(viewer, checkOf('viewer', 1));
      await opened.promise;
      expect(bench.relay.gauges).toMatchObject({ wires: 1, latches: 0 });
    });

    test('an address that moves from one session to another is told', async () => {
      await using bench = await open();
      await using peer = await UdpPeer.open();
      const [first, second] = [bench.session(), bench.session()];
      await bench.wire(bench.pair(), first);
      await bench.wire(bench.pair(), second, 2);
      bench.send(peer, checkOf('viewer', 1));
      bench.send(peer, checkOf('viewer', 2, 2));
      await bench.happened(`moved ${first} ${second}`);
      expect(bench.relay.counters.moves).toBe(1);
    });

    test('a restart lets a new generation in', async () => {
      await using bench = await open();
      await using viewer = await UdpPeer.open();
      const wire = await bench.wire();
      await wire.restart(...iceOf(2));
      bench.send(viewer, checkOf('viewer', 1, 2));
      await bench.happened('latched viewer');
    });

    test('close ends every wire as relay-stopping, and can be called twice', async () => {
      await using bench = await open();
      const wires = [await bench.wire(), await bench.wire(bench.pair(), bench.session(), 2)];
      await Promise.all([bench.relay.close(), bench.relay.close()]);
      expect(bench.told.sort()).toEqual([
        'ended relay-stopping',
        'ended relay-stopping 2',
        'observed relay-stopping',
        'observed relay-stopping',
      ]);
      expect(bench.relay.gauges).toEqual(emptySizes);
      for (const wire of wires) {
        await expect(wire.restart(credentials('vie3'), credentials('cam3'))).rejects.toMatchObject({
          code: 'peer-gone',
        });
        expect(() => wire.extend(bench.pair())).toThrow(expect.objectContaining({ code: 'peer-gone' }));
        wire.end();
      }
    });
  });

  describe(`${name}: the door`, () => {
    test('opens one wire for a session, until that has ended', async () => {
      await using bench = await open();
      const session = bench.session();
      const wire = await bench.wire(bench.pair(), session);
      expect(() => bench.relay.reserve(bench.pair(), session)).toThrow(TypeError);
      wire.end();
      await bench.wire(bench.pair(), session);
      await bench.happened('finished');
      expect(bench.relay.gauges.wires).toBe(1);
    });

    test('a session whose wire could not open may try again', async () => {
      await using bench = await open();
      const session = bench.session();
      const [viewer, camera] = iceOf(1);
      const openWith = (password: string) =>
        bench.relay.reserve(bench.pair(), session).open({ ...viewer, password }, camera, { ended() {} });
      await expect(openWith('short')).rejects.toMatchObject({ code: 'sdp-no-ice' });
      await openWith(viewer.password);
      expect(bench.relay.gauges).toMatchObject({ wires: 1, usernames: 2 });
    });

    test('refuses credentials that are in use', async () => {
      await using bench = await open();
      const wire = await bench.wire(bench.pair(), bench.session(), 2);
      await bench.wire();
      await expect(bench.wire()).rejects.toMatchObject({ code: 'sdp-no-ice' });
      await expect(wire.restart(...iceOf(1))).rejects.toMatchObject({ code: 'sdp-no-ice' });
      expect(bench.relay.gauges).toMatchObject({ wires: 2, usernames: 4 });
    });
  });
}
