import { describe, expect, test } from 'vitest';
import { newSessionId, systemClock, systemRandom } from '../../../src/base/index.ts';
import { createRelay, type Relay, type RelayAddress, type Side, type Wire } from '../../../src/relay/index.ts';
import { pairProof } from '../../support/proofs.ts';
import { relaySettings } from '../../support/relay-settings.ts';
import { credentials, dtls, emptySizes, hourMs, rtp } from '../support/engine-harness.ts';
import { stun, stunTypes } from '../support/stun-messages.ts';
import { TcpPeer } from '../support/tcp-peer.ts';
import { UdpPeer } from '../support/udp-peer.ts';

type Numbers = Relay['counters']['tcp'];

describe.each(['batched', 'dgram'] as const)('a relay on %s', (udp) => {
  test('joins a viewer on TCP and a camera on UDP', async () => {
    await using bench = await Bench.open({ udp });
    const view = await bench.view(1);
    await using viewer = await bench.connect();
    await using camera = await UdpPeer.open();
    await viewer.send(checkOf('viewer', 1));
    camera.send(checkOf('camera', 2), view.udp);
    expect((await camera.next()).bytes).toEqual(checkOf('viewer', 1));
    expect(await viewer.next()).toEqual(checkOf('camera', 2));
    camera.send(answerOf('camera', 1), view.udp);
    expect(await viewer.next()).toEqual(answerOf('camera', 1));
    await viewer.send(dtls);
    expect((await camera.next()).bytes).toEqual(dtls);
    for (let n = 0; n < 10; n++) camera.send(rtp(n), view.udp);
    for (let n = 0; n < 10; n++) expect(await viewer.next()).toEqual(rtp(n));
    expect(view.wire.stats()).toMatchObject({
      viewer: { packets: 2, latches: 1 },
      camera: { packets: 12, latches: 1 },
    });
  });

  test('closes a viewer’s connection with their wire', async () => {
    await using bench = await Bench.open({ udp });
    const view = await bench.view(1);
    await using viewer = await bench.connect();
    await viewer.send(checkOf('viewer', 1));
    await view.happened('latched viewer');
    view.wire.end();
    expect(await viewer.gone()).toBe('closed');
    await expect.poll(() => bench.relay.gauges).toEqual(emptySizes);
    await bench.settles({ accepted: 1, open: 0 });
  });
});

describe('a connection', () => {
  test('belongs to whichever worker finds its check valid, and to no other', async () => {
    await using bench = await Bench.open({ workers: 3 });
    const views = [await bench.view(1), await bench.view(2), await bench.view(3)];
    expect(new Set(views.map(({ udp }) => udp.port)).size).toBe(3);
    for (const [index, view] of views.entries()) {
      const n = index + 1;
      await using viewer = await bench.connect();
      await using camera = await UdpPeer.open();
      await viewer.send(checkOf('viewer', n, n));
      camera.send(checkOf('camera', 100 + n, n), view.udp);
      expect((await camera.next()).bytes).toEqual(checkOf('viewer', n, n));
      expect(await viewer.next()).toEqual(checkOf('camera', 100 + n, n));
      expect(bench.relay.counters.latches.viewer).toBe(n);
    }
  });

  test('gets nothing before a check of its own is valid', async () => {
    await using bench = await Bench.open();
    await bench.view(1);
    await using stranger = await bench.connect();
    await stranger.send(checkOf('viewer', 1, 2), checkOf('viewer', 2, 3));
    await bench.settles({ framesIn: 2 });
    await using liar = await bench.connect();
    await liar.send(rtp(1));
    expect(await liar.gone()).toBe('reset');
    expect(stranger.bytesRead + liar.bytesRead).toBe(0);
    expect(bench.relay.counters.drops).toMatchObject({ 'username-unknown': 2 });
  });

  test('that closes is no address of its side any more: media goes to the other one', async () => {
    await using bench = await Bench.open();
    const view = await bench.view(1);
    await using overUdp = await UdpPeer.open();
    await using camera = await UdpPeer.open();
    camera.send(checkOf('camera', 1), view.udp);
    await view.happened('latched camera');
    overUdp.send(checkOf('viewer', 2), view.udp);
    await overUdp.next();
    await camera.next();
    {
      await using overTcp = await bench.connect();
      await overTcp.send(checkOf('viewer', 3, 1, true));
      await camera.next();
      camera.send(answerOf('camera', 3), view.udp);
      expect(await overTcp.next()).toEqual(answerOf('camera', 3));
      camera.send(rtp(1), view.udp);
      expect(await overTcp.next()).toEqual(rtp(1));
    }
    await expect.poll(() => bench.relay.gauges.latches).toBe(2);
    camera.send(rtp(2), view.udp);
    expect((await overUdp.next()).bytes).toEqual(rtp(2));
  });
});

test('TCP has a port of its own, or none, or the same as UDP', async () => {
  const at = async (tcpPort: 'same' | 'off' | number, port: number) => {
    await using bench = await Bench.open({ tcpPort, port });
    return bench.relay.addresses.map((address) => `${address.transport} ${address.port}`);
  };
  const [udpPort, tcpPort] = [await freePort(), await freePort()];
  expect(await at('same', udpPort)).toEqual([`udp ${udpPort}`, `tcp ${udpPort}`]);
  expect(await at('off', udpPort)).toEqual([`udp ${udpPort}`]);
  expect(await at(tcpPort, udpPort)).toEqual([`udp ${udpPort}`, `tcp ${tcpPort}`]);
});

test('a TCP port that is taken is a setting that cannot be used, and nothing stays open', async () => {
  await using bench = await Bench.open();
  const [, taken] = bench.relay.addresses;
  const port = await freePort();
  await expect(Bench.open({ port, tcpPort: taken?.port ?? 0 })).rejects.toMatchObject({ code: 'settings-invalid' });
  await using again = await Bench.open({ port, tcpPort: 'off' });
  expect(again.relay.addresses).toMatchObject([{ port }]);
});

/** A port that is free for UDP and TCP alike. */
async function freePort(): Promise<number> {
  await using bench = await Bench.open();
  const [, tcp] = bench.relay.addresses;
  return tcp?.port ?? 0;
}

function iceOf(n: number) {
  return [credentials(`vie${n}`), credentials(`cam${n}`)] as const;
}

function checkOf(side: Side, serial: number, n = 1, useCandidate = false): Buffer {
  const [viewer, camera] = iceOf(n);
  const [sender, receiver] = side === 'viewer' ? [viewer, camera] : [camera, viewer];
  const username = `${receiver.ufrag}:${sender.ufrag}`;
  const transaction = Buffer.alloc(12, serial);
  return stun({ transaction, username, useCandidate, password: receiver.password, fingerprint: true });
}

function answerOf(side: Side, serial: number): Buffer {
  const [viewer, camera] = iceOf(1);
  const { password } = side === 'viewer' ? viewer : camera;
  return stun({ type: stunTypes.success, transaction: Buffer.alloc(12, serial), password, fingerprint: true });
}

/** A live view’s wire, and what it told. */
class View {
  readonly udp: RelayAddress;
  readonly #log: string[] = [];
  #wake: () => void = () => {};
  #wire: Wire | undefined;

  constructor(udp: RelayAddress) {
    this.udp = udp;
  }

  get wire(): Wire {
    if (this.#wire === undefined) throw new Error('no wire');
    return this.#wire;
  }

  set wire(wire: Wire) {
    this.#wire = wire;
  }

  note(line: string): void {
    this.#log.push(line);
    this.#wake();
  }

  async happened(line: string): Promise<void> {
    while (!this.#log.includes(line)) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }
}

/** A relay with threads, on loopback. */
class Bench implements AsyncDisposable {
  readonly relay: Relay;

  private constructor(relay: Relay) {
    this.relay = relay;
  }

  static async open(settings: Parameters<typeof relaySettings>[0] = {}): Promise<Bench> {
    const powers = { clock: systemClock, random: systemRandom };
    return new Bench(await createRelay(relaySettings({ tcpPort: 'same', ...settings }), powers));
  }

  async view(n: number): Promise<View> {
    const pair = pairProof('alice', `cam${n}`, systemClock.now(), systemClock.now() + hourMs);
    const place = this.relay.reserve(pair, newSessionId(systemRandom));
    const [udp] = place.addresses;
    if (udp === undefined) throw new Error('no address');
    const view = new View(udp);
    view.wire = await place.open(...iceOf(n), {
      latched: (side) => view.note(`latched ${side}`),
      media: (side) => view.note(`media ${side}`),
      ended: (reason) => view.note(`ended ${reason}`),
    });
    return view;
  }

  connect(): Promise<TcpPeer> {
    const tcp = this.relay.addresses.find(({ transport }) => transport === 'tcp');
    if (tcp === undefined) throw new Error('no TCP');
    return TcpPeer.open(tcp);
  }

  async settles(numbers: Partial<Numbers>): Promise<void> {
    await expect.poll(() => this.relay.counters.tcp, { timeout: 10_000 }).toMatchObject(numbers);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.relay.close();
  }
}
