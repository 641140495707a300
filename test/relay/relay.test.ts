import { describe, expect, test } from 'vitest';
import { limits, newSessionId, type SessionId } from '../../src/base/index.ts';
import type { VerifiedPair } from '../../src/pairing/index.ts';
import {
  createRelay,
  type Datagram,
  openDgramPort,
  pathOf,
  type ReceiveDatagram,
  type Relay,
  type RelayObserver,
  type RelayPowers,
  type RelaySettings,
  type Side,
  type Wire,
} from '../../src/relay/index.ts';
import { ManualClock } from '../support/manual-clock.ts';
import { pairProof } from '../support/proofs.ts';
import { relaySettings } from '../support/relay-settings.ts';
import { seededRandom } from '../support/seeded-random.ts';
import { credentials, dtls, emptySizes, hourMs, rtp } from './support/engine-harness.ts';
import { stun, stunTypes } from './support/stun-messages.ts';
import { UdpPeer } from './support/udp-peer.ts';

const viewerIce = credentials('view');
const cameraIce = credentials('camr');

describe('THE DOOR', () => {
  test('opens for a minted pair and for nothing that looks like one', async () => {
    await using bench = await Bench.open();
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
    await using bench = await Bench.open();
    const pair = bench.pair(1_000);
    const place = bench.relay.reserve(pair, bench.session());
    bench.clock.advance(1_000);
    const refused = { code: 'not-allowed' };
    await expect(place.open(viewerIce, cameraIce, { ended() {} })).rejects.toMatchObject(refused);
    expect(() => bench.relay.reserve(pair, bench.session())).toThrow(expect.objectContaining(refused));
  });

  test('opens one wire for a session, until that has ended', async () => {
    await using bench = await Bench.open();
    const session = bench.session();
    const wire = await bench.wire(bench.pair(), session);
    expect(() => bench.relay.reserve(bench.pair(), session)).toThrow(TypeError);
    wire.end();
    await bench.wire(bench.pair(), session);
  });

  test('opens one wire for a place, and none for one that was given back', async () => {
    await using bench = await Bench.open();
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

  test('is closed while the relay stops', async () => {
    await using bench = await Bench.open();
    await bench.relay.close();
    expect(() => bench.relay.reserve(bench.pair(), bench.session())).toThrow(
      expect.objectContaining({ code: 'overloaded' }),
    );
  });

  test('a session whose wire could not open may try again', async () => {
    await using bench = await Bench.open();
    const session = bench.session();
    const open = (password: string) =>
      bench.relay.reserve(bench.pair(), session).open({ ...viewerIce, password }, cameraIce, { ended() {} });
    await expect(open('short')).rejects.toMatchObject({ code: 'sdp-no-ice' });
    await open(viewerIce.password);
  });
});

describe('on real sockets', () => {
  test.each([
    ['127.0.0.1', '127.0.0.1'],
    ['127.0.0.1', '::1'],
    ['::1', '127.0.0.1'],
    ['::1', '::1'],
  ] as const)('a viewer at %s and a camera at %s check, latch and talk', async (viewerHost, cameraHost) => {
    await using bench = await Bench.open();
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
    expect(bench.log).toEqual(['latched viewer', 'latched camera', 'media camera']);
    expect(bench.relay.counters).toMatchObject({
      wiresOpened: 1,
      sendErrors: { full: 0, other: 0 },
      forwarded: { camera: { packets: 12 } },
    });
  });

  test('a stranger gets no answer', async () => {
    await using bench = await Bench.open();
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

  test('a wire’s end stops everything at once', async () => {
    await using bench = await Bench.open();
    await using viewer = await UdpPeer.open();
    await using camera = await UdpPeer.open();
    const wire = await bench.wire();
    await bench.latch(viewer, camera);
    wire.end();
    wire.end();
    expect(bench.relay.gauges).toEqual(emptySizes);
    expect(wire.stats().viewer.latches).toBe(1);

    await bench.wire();
    bench.send(camera, rtp(1));
    bench.send(camera, checkOf('camera', 9));
    await bench.happened('latched camera', 2);
    expect(bench.relay.counters.drops.unlatched).toBe(1);
    expect(bench.log).not.toContain('media camera');
  });
});

describe('time', () => {
  test('silence ends a wire, and both sides are told why', async () => {
    await using bench = await Bench.open();
    await bench.wire();
    bench.clock.advance(limits.sideSilentMsMax - 1);
    expect(bench.log).toEqual([]);
    bench.clock.advance(1);
    expect(bench.log).toEqual(['observed setup-failed', 'ended setup-failed']);
    expect(bench.relay.gauges).toEqual(emptySizes);
    expect(bench.clock.pending).toBe(0);
  });

  test('a wire that is heard lives until its pair expires', async () => {
    await using bench = await Bench.open();
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
    expect(bench.log).toEqual(['latched viewer', 'latched camera']);
    bench.clock.advance(1);
    expect(bench.log.slice(2)).toEqual(['observed expired', 'ended expired']);
  });

  test('there is one timer, and none when no wire is open', async () => {
    await using bench = await Bench.open();
    expect(bench.clock.pending).toBe(0);
    const wires = await Promise.all([0, 1, 2].map((n) => bench.wire(bench.pair(), bench.session(), n)));
    expect(bench.clock.pending).toBe(1);
    for (const wire of wires) wire.end();
    expect(bench.clock.pending).toBe(0);
  });

  test('a fresh pair of the same subject and device extends the wire', async () => {
    await using bench = await Bench.open();
    const wire = await bench.wire(bench.pair(10_000));
    bench.clock.advance(9_999);
    wire.extend(bench.pair(15_000));
    bench.clock.advance(14_999);
    expect(bench.log).toEqual([]);
    bench.clock.advance(1);
    expect(bench.log).toEqual(['observed expired', 'ended expired']);
    expect(() => wire.extend(bench.pair())).toThrow(expect.objectContaining({ code: 'peer-gone' }));
  });

  test('no other pair extends it, nor anything that looks like one', async () => {
    await using bench = await Bench.open();
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
  test('a handler may end its own wire, and open another', async () => {
    await using bench = await Bench.open();
    await using viewer = await UdpPeer.open();
    const opened = Promise.withResolvers<Wire>();
    const wire = await bench.relay.reserve(bench.pair(), bench.session()).open(viewerIce, cameraIce, {
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

  test('wires that end together may end each other', async () => {
    await using bench = await Bench.open();
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
    await using bench = await Bench.open();
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
    await using bench = await Bench.open();
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
    await using again = await Bench.open({}, { port });
    expect(again.port).toBe(port);
    bench.forget();
  });

  test('an address that moves from one session to another is told', async () => {
    await using bench = await Bench.open();
    await using peer = await UdpPeer.open();
    const [first, second] = [bench.session(), bench.session()];
    await bench.wire(bench.pair(), first);
    await bench.wire(bench.pair(), second, 2);
    bench.send(peer, checkOf('viewer', 1));
    bench.send(peer, checkOf('viewer', 2, 2));
    await bench.happened(`moved ${first} ${second}`);
    expect(bench.relay.counters.moves).toBe(1);
  });

  test('close ends every wire as relay-stopping, and can be called twice', async () => {
    await using bench = await Bench.open();
    const wire = await bench.wire();
    await Promise.all([bench.relay.close(), bench.relay.close()]);
    expect(bench.log).toEqual(['observed relay-stopping', 'ended relay-stopping']);
    expect(bench.clock.pending).toBe(0);
    await expect(wire.restart(credentials('vie2'), credentials('cam2'))).rejects.toMatchObject({ code: 'peer-gone' });
    wire.end();
  });

  test('a restart lets a new generation in', async () => {
    await using bench = await Bench.open();
    await using viewer = await UdpPeer.open();
    const wire = await bench.wire();
    await wire.restart(...iceOf(2));
    bench.send(viewer, checkOf('viewer', 1, 2));
    await bench.happened('latched viewer');
  });
});

describe('settings', () => {
  test('the relay announces the machine’s addresses with its real port', async () => {
    await using bench = await Bench.open({ machineAddresses: () => ['192.0.2.9', '127.0.0.1'] });
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
    await using bench = await Bench.open({
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

function iceOf(n: number) {
  return n === 1 ? ([viewerIce, cameraIce] as const) : ([credentials(`vie${n}`), credentials(`cam${n}`)] as const);
}

function checkOf(side: Side, serial: number, n = 1): Buffer {
  const [viewer, camera] = iceOf(n);
  const [sender, receiver] = side === 'viewer' ? [viewer, camera] : [camera, viewer];
  const username = `${receiver.ufrag}:${sender.ufrag}`;
  return stun({ transaction: Buffer.alloc(12, serial), username, password: receiver.password, fingerprint: true });
}

function answerOf(side: Side, serial: number): Buffer {
  const { password } = side === 'viewer' ? viewerIce : cameraIce;
  return stun({ type: stunTypes.success, transaction: Buffer.alloc(12, serial), password, fingerprint: true });
}

/** A relay at `::` on a free port with a clock that stands still, and a log of what it tells. */
class Bench implements AsyncDisposable {
  readonly clock = new ManualClock();
  readonly log: string[] = [];
  readonly #random = seededRandom(1);
  readonly #waiting: { readonly line: string; readonly times: number; readonly resolve: () => void }[] = [];
  #relay: Relay | undefined;

  static async open(powers: Partial<RelayPowers> = {}, settings: Partial<RelaySettings> = {}): Promise<Bench> {
    const bench = new Bench();
    const observer: RelayObserver = {
      ended: (_session, reason) => bench.#note(`observed ${reason}`),
      moved: (from, to) => bench.#note(`moved ${from} ${to}`),
    };
    bench.#relay = await createRelay(
      relaySettings({ host: '::', ...settings }),
      { clock: bench.clock, random: seededRandom(2), openPort: openDgramPort, ...powers },
      observer,
    );
    return bench;
  }

  get relay(): Relay {
    if (this.#relay === undefined) throw new Error('no relay');
    return this.#relay;
  }

  get port(): number {
    return this.relay.addresses[0]?.port ?? 0;
  }

  pair(forMs = hourMs): VerifiedPair {
    return pairProof('alice', 'cam1', this.clock.now(), this.clock.now() + forMs);
  }

  session(): SessionId {
    return newSessionId(this.#random);
  }

  wire(pair = this.pair(), session = this.session(), n = 1): Promise<Wire> {
    return this.relay.reserve(pair, session).open(...iceOf(n), {
      latched: (side) => this.#note(`latched ${side}`),
      media: (side) => this.#note(`media ${side}`),
      ended: (reason) => this.#note(`ended ${reason}`),
    });
  }

  send(from: UdpPeer, bytes: Buffer): void {
    from.send(bytes, { host: from.address.host, port: this.port });
  }

  async latch(viewer: UdpPeer, camera: UdpPeer): Promise<void> {
    this.send(viewer, checkOf('viewer', 201));
    await this.happened('latched viewer');
    this.send(camera, checkOf('camera', 202));
    await Promise.all([viewer.next(), camera.next()]);
  }

  /** Waits until `line` has been noted so many times. */
  happened(line: string, times = 1): Promise<void> {
    return new Promise((resolve) => {
      this.#waiting.push({ line, times, resolve });
      this.#wake();
    });
  }

  /** The relay is closed already, and how that went is known. */
  forget(): void {
    this.#relay = undefined;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#relay?.close();
  }

  #note(line: string): void {
    this.log.push(line);
    this.#wake();
  }

  #wake(): void {
    for (const { line, times, resolve } of this.#waiting) {
      if (this.log.filter((noted) => noted === line).length >= times) resolve();
    }
  }
}
