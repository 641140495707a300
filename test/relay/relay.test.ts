import { describe, expect, test } from 'vitest';
import { limits } from '../../src/base/index.ts';
import {
  createRelay,
  type Datagram,
  openDgramPort,
  pathOf,
  type ReceiveDatagram,
  type RelayPowers,
  type RelaySettings,
  type Wire,
} from '../../src/relay/index.ts';
import { ManualClock } from '../support/manual-clock.ts';
import { pairProof } from '../support/proofs.ts';
import { relaySettings } from '../support/relay-settings.ts';
import { seededRandom } from '../support/seeded-random.ts';
import { credentials, emptySizes } from './support/engine-harness.ts';
import { checkOf, iceOf, RelayBench } from './support/relay-bench.ts';
import { relayContract } from './support/relay-contract.ts';
import { UdpPeer } from './support/udp-peer.ts';

const [viewerIce, cameraIce] = iceOf(1);

/** A relay beside the door at `::` on a free port, with a clock that stands still. */
function open(powers: Partial<RelayPowers> = {}, settings: Partial<RelaySettings> = {}) {
  return RelayBench.open(new ManualClock(), { openPort: openDgramPort, ...powers }, settings);
}

relayContract('beside the door', (settings) => open({}, settings));

describe('THE DOOR', () => {
  test('opens for a minted pair and for nothing that looks like one', async () => {
    await using bench = await open();
    const real = bench.pair();
    const copies: unknown[] = [
      undefined,
      null,
      {},
      { ...real },
      Object.assign(Object.create(Object.getPrototypeOf(real)), { expiresAtMs: real.expiresAtMs }),
      new Proxy(real, {}),
    ];
    for (const copy of copies) {
      expect(() => Reflect.apply(bench.relay.reserve, bench.relay, [copy, bench.session()])).toThrow(TypeError);
    }
    expect(bench.relay.gauges).toEqual(emptySizes);
    await bench.wire(real);
    expect(bench.relay.gauges.wires).toBe(1);
  });

  test('does not open for a pair that has expired', async () => {
    await using bench = await open();
    const pair = bench.pair(1_000);
    const place = bench.relay.reserve(pair, bench.session());
    bench.clock.advance(1_000);
    const refused = { code: 'not-allowed' };
    await expect(place.open(viewerIce, cameraIce, { ended() {} })).rejects.toMatchObject(refused);
    expect(() => bench.relay.reserve(pair, bench.session())).toThrow(expect.objectContaining(refused));
  });

  test('opens one wire for a place, and none for one that was given back', async () => {
    await using bench = await open();
    const session = bench.session();
    const given = bench.relay.reserve(bench.pair(), session);
    expect(() => bench.relay.reserve(bench.pair(), session)).toThrow(TypeError);
    given.release();
    await expect(given.open(viewerIce, cameraIce, { ended() {} })).rejects.toMatchObject({ code: 'peer-gone' });

    const place = bench.relay.reserve(bench.pair(), session);
    await place.open(viewerIce, cameraIce, { ended() {} });
    place.release();
    await expect(place.open(viewerIce, cameraIce, { ended() {} })).rejects.toThrow(TypeError);
    expect(bench.relay.gauges.wires).toBe(1);
  });

  test('opens no more wires than a worker has room for, until one has ended', async () => {
    await using bench = await open({ wiresMax: 2 });
    const first = await bench.wire();
    await bench.openAt(bench.reserve(), 2);
    await expect(bench.openAt(bench.reserve(), 3)).rejects.toMatchObject({ code: 'overloaded' });
    first.end();
    await bench.openAt(bench.reserve(), 3);
    expect(bench.relay.gauges.wires).toBe(2);
  });

  test('is closed while the relay stops', async () => {
    await using bench = await open();
    await bench.relay.close();
    expect(() => bench.relay.reserve(bench.pair(), bench.session())).toThrow(
      expect.objectContaining({ code: 'overloaded' }),
    );
  });
});

describe('time', () => {
  test('silence ends a wire, and both sides are told why', async () => {
    await using bench = await open();
    await bench.wire();
    bench.clock.advance(limits.sideSilentMsMax - 1);
    expect(bench.told).toEqual([]);
    bench.clock.advance(1);
    expect(bench.told).toEqual(['observed setup-failed', 'ended setup-failed']);
    expect(bench.relay.gauges).toEqual(emptySizes);
    expect(bench.clock.pending).toBe(0);
  });

  test('a wire that is heard lives until its pair expires', async () => {
    await using bench = await open();
    await using viewer = await UdpPeer.open();
    await using camera = await UdpPeer.open();
    await bench.wire(bench.pair(50_000));
    await bench.latch(viewer, camera);
    bench.clock.advance(20_000);
    bench.send(viewer, checkOf('viewer', 3));
    await camera.next();
    bench.send(camera, checkOf('camera', 4));
    await viewer.next();
    bench.clock.advance(29_999);
    expect(bench.told).toEqual(['latched viewer', 'latched camera']);
    bench.clock.advance(1);
    expect(bench.told.slice(2)).toEqual(['observed expired', 'ended expired']);
  });

  test('there is one timer, and none when no wire is open', async () => {
    await using bench = await open();
    expect(bench.clock.pending).toBe(0);
    const wires = await Promise.all([0, 1, 2].map((n) => bench.wire(bench.pair(), bench.session(), n)));
    expect(bench.clock.pending).toBe(1);
    for (const wire of wires) wire.end();
    expect(bench.clock.pending).toBe(0);
  });

  test('a fresh pair of the same subject and device extends the wire', async () => {
    await using bench = await open();
    const wire = await bench.wire(bench.pair(10_000));
    bench.clock.advance(9_999);
    wire.extend(bench.pair(15_000));
    bench.clock.advance(14_999);
    expect(bench.told).toEqual([]);
    bench.clock.advance(1);
    expect(bench.told).toEqual(['observed expired', 'ended expired']);
    expect(() => wire.extend(bench.pair())).toThrow(expect.objectContaining({ code: 'peer-gone' }));
  });

  test('no other pair extends it, nor anything that looks like one', async () => {
    await using bench = await open();
    const wire = await bench.wire();
    const nowMs = bench.clock.now();
    const expiring = bench.pair(1_000);
    const refused = expect.objectContaining({ code: 'not-allowed' });

    expect(() => wire.extend(pairProof('bob', 'cam1', nowMs))).toThrow(refused);
    expect(() => wire.extend(pairProof('alice', 'cam10', nowMs))).toThrow(refused);
    expect(() => Reflect.apply(wire.extend, wire, [{ ...bench.pair() }])).toThrow(TypeError);
    bench.clock.advance(1_000);
    expect(() => wire.extend(expiring)).toThrow(refused);
  });
});

describe('events', () => {
  test('wires that end together may end each other', async () => {
    await using bench = await open();
    const wires: Wire[] = [];
    let ended = 0;
    for (const n of [1, 2, 3]) {
      const [viewer, camera] = [credentials(`vie${n}`), credentials(`cam${n}`)];
      const endAll = () => {
        ended++;
        for (const wire of wires) wire.end();
      };
      wires.push(await bench.relay.reserve(bench.pair(), bench.session()).open(viewer, camera, { ended: endAll }));
    }
    bench.clock.advance(limits.sideSilentMsMax);
    expect(ended).toBe(1);
    expect(bench.relay.gauges).toEqual(emptySizes);
  });

  test('a handler that throws leaves the others to be told', async () => {
    await using bench = await open();
    let told = 0;
    for (const n of [1, 2]) {
      const failing = () => {
        told++;
        throw new Error('a handler failed');
      };
      await bench.relay.reserve(bench.pair(), bench.session()).open(...iceOf(n), { ended: failing });
    }
    expect(() => bench.clock.advance(limits.sideSilentMsMax)).toThrow('a handler failed');
    expect(told).toBe(2);
  });

  test('a handler that throws at the close leaves the others to be told, and the port is let go of', async () => {
    await using bench = await open();
    let told = 0;
    const failing = () => {
      told++;
      throw new Error('a handler failed');
    };
    for (const n of [1, 2]) {
      await bench.relay.reserve(bench.pair(), bench.session()).open(...iceOf(n), { ended: failing });
    }
    const { port } = bench;
    await expect(bench.relay.close()).rejects.toThrow('a handler failed');
    expect(told).toBe(2);
    await using again = await open({}, { port });
    expect(again.port).toBe(port);
    bench.forget();
  });

  test('close ends every wire as relay-stopping, and can be called twice', async () => {
    await using bench = await open();
    const wire = await bench.wire();
    await Promise.all([bench.relay.close(), bench.relay.close()]);
    expect(bench.told).toEqual(['observed relay-stopping', 'ended relay-stopping']);
    expect(bench.clock.pending).toBe(0);
    await expect(wire.restart(credentials('vie2'), credentials('cam2'))).rejects.toMatchObject({ code: 'peer-gone' });
    wire.end();
  });
});

describe('settings', () => {
  test('the relay announces the machine’s addresses with its real port', async () => {
    await using bench = await open({ machineAddresses: () => ['192.0.2.9', '127.0.0.1'] });
    expect(bench.relay.addresses).toEqual([
      { host: '192.0.2.9', port: bench.port, transport: 'udp' },
      { host: '127.0.0.1', port: bench.port, transport: 'udp' },
    ]);
  });

  test('a relay that cannot be announced lets go of its port', async () => {
    let closed = false;
    const opening = createRelay(relaySettings({ host: '0.0.0.0' }), {
      clock: new ManualClock(),
      random: seededRandom(1),
      machineAddresses: () => ['::1'],
      async openPort(at, receive, cells) {
        const port = await openDgramPort(at, receive, cells);
        const close = () => {
          closed = true;
          return port.close();
        };
        return { ...port, close };
      },
    });
    await expect(opening).rejects.toMatchObject({ code: 'settings-invalid' });
    expect(closed).toBe(true);
  });

  test('a check that seems to come from the relay’s own address is dropped', async () => {
    const handed = Promise.withResolvers<ReceiveDatagram>();
    await using bench = await open({
      openPort(at, receive, cells) {
        handed.resolve(receive);
        return openDgramPort(at, receive, cells);
      },
    });
    await bench.wire();
    const path = pathOf('127.0.0.1', bench.port);
    if (path === undefined) throw new Error('no address');
    const bytes = checkOf('viewer', 1);
    const datagram: Datagram = { path, pathAt: 0, bytes, start: 0, end: bytes.length };
    (await handed.promise)(datagram);
    expect(bench.relay.counters.drops['own-address']).toBe(1);
  });
});
