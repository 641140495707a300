import { type Clock, newSessionId, type SessionId } from '../../../src/base/index.ts';
import type { VerifiedPair } from '../../../src/pairing/index.ts';
import {
  createRelay,
  type IceCredentials,
  type Relay,
  type RelayObserver,
  type RelayPowers,
  type RelaySettings,
  type Reservation,
  type Side,
  type Wire,
} from '../../../src/relay/index.ts';
import { pairProof } from '../../support/proofs.ts';
import { relaySettings } from '../../support/relay-settings.ts';
import { seededRandom } from '../../support/seeded-random.ts';
import { credentials, hourMs } from './engine-harness.ts';
import { stun, stunTypes } from './stun-messages.ts';
import type { UdpPeer } from './udp-peer.ts';

/** The credentials of the session `n`, the viewer's first. */
export function iceOf(n: number): readonly [IceCredentials, IceCredentials] {
  return n === 1 ? [credentials('view'), credentials('camr')] : [credentials(`vie${n}`), credentials(`cam${n}`)];
}

/** A check that a side of the session `n` sends. */
export function checkOf(side: Side, serial: number, n = 1): Buffer {
  const [viewer, camera] = iceOf(n);
  const [sender, receiver] = side === 'viewer' ? [viewer, camera] : [camera, viewer];
  const username = `${receiver.ufrag}:${sender.ufrag}`;
  return stun({ transaction: Buffer.alloc(12, serial), username, password: receiver.password, fingerprint: true });
}

/** What a side answers to the check with that serial. */
export function answerOf(side: Side, serial: number, n = 1): Buffer {
  const [viewer, camera] = iceOf(n);
  const { password } = side === 'viewer' ? viewer : camera;
  return stun({ type: stunTypes.success, transaction: Buffer.alloc(12, serial), password, fingerprint: true });
}

/** A relay with a log of what it tells. What happens to the session `n` is logged with its number, but for the first. */
export class RelayBench<OfTime extends Clock> implements AsyncDisposable {
  readonly clock: OfTime;
  readonly log: string[] = [];
  readonly #random = seededRandom(1);
  readonly #waiting = new Set<Waiting>();
  #relay: Relay | undefined;

  private constructor(clock: OfTime) {
    this.clock = clock;
  }

  static async open<OfTime extends Clock>(
    clock: OfTime,
    powers: Partial<RelayPowers> = {},
    settings: Partial<RelaySettings> = {},
  ): Promise<RelayBench<OfTime>> {
    const bench = new RelayBench(clock);
    const observer: RelayObserver = {
      serving: (udp, why) => bench.note(why === undefined ? `serving ${udp}` : `serving ${udp}: ${why}`),
      ended: (_session, reason) => bench.note(`observed ${reason}`),
      finished: () => bench.note('finished'),
      moved: (from, to) => bench.note(`moved ${from} ${to}`),
      workerDied: ({ message }) => bench.note(`died ${message}`),
    };
    bench.#relay = await createRelay(
      relaySettings({ host: '::', ...settings }),
      { clock, random: seededRandom(2), ...powers },
      observer,
    );
    return bench;
  }

  get relay(): Relay {
    if (this.#relay === undefined) throw new Error('no relay');
    return this.#relay;
  }

  /** The port of the first worker. */
  get port(): number {
    return this.relay.addresses[0]?.port ?? 0;
  }

  /** What was told, but for how it ended in the workers. */
  get told(): string[] {
    return this.log.filter((line) => line !== 'finished' && !line.startsWith('serving'));
  }

  pair(forMs = hourMs): VerifiedPair {
    return pairProof('alice', 'cam1', this.clock.now(), this.clock.now() + forMs);
  }

  session(): SessionId {
    return newSessionId(this.#random);
  }

  reserve(): Reservation {
    return this.relay.reserve(this.pair(), this.session());
  }

  wire(pair = this.pair(), session = this.session(), n = 1): Promise<Wire> {
    return this.openAt(this.relay.reserve(pair, session), n);
  }

  openAt(place: Reservation, n = 1): Promise<Wire> {
    const which = n === 1 ? '' : ` ${n}`;
    return place.open(...iceOf(n), {
      latched: (side) => this.note(`latched ${side}${which}`),
      media: (side) => this.note(`media ${side}${which}`),
      ended: (reason) => this.note(`ended ${reason}${which}`),
    });
  }

  send(from: UdpPeer, bytes: Buffer, port = this.port): void {
    from.send(bytes, { host: from.address.host, port });
  }

  /** Both sides of the session `n` latch, and have seen that the other one has. */
  async latch(viewer: UdpPeer, camera: UdpPeer, n = 1, port = this.port): Promise<void> {
    const which = n === 1 ? '' : ` ${n}`;
    const latched = (side: Side) =>
      this.happened(`latched ${side}${which}`, this.#times(`latched ${side}${which}`) + 1);
    const viewerLatched = latched('viewer');
    this.send(viewer, checkOf('viewer', 201, n), port);
    await viewerLatched;
    const cameraLatched = latched('camera');
    this.send(camera, checkOf('camera', 202, n), port);
    await Promise.all([cameraLatched, viewer.next(), camera.next()]);
  }

  /** Waits until `line` has been noted so many times. */
  happened(line: string, times = 1): Promise<void> {
    return this.noted((noted) => noted === line, times);
  }

  /** Waits until so many lines have been noted that are what is waited for. */
  noted(is: (line: string) => boolean, times = 1): Promise<void> {
    return new Promise((resolve) => {
      this.#waiting.add({ is, times, resolve });
      this.#wake();
    });
  }

  note(line: string): void {
    this.log.push(line);
    this.#wake();
  }

  /** The relay is closed already, and how that went is known. */
  forget(): void {
    this.#relay = undefined;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#relay?.close();
  }

  #times(line: string): number {
    return this.log.filter((noted) => noted === line).length;
  }

  #wake(): void {
    for (const waiting of this.#waiting) {
      if (this.log.filter(waiting.is).length < waiting.times) continue;
      this.#waiting.delete(waiting);
      waiting.resolve();
    }
  }
}

interface Waiting {
  readonly is: (line: string) => boolean;
  readonly times: number;
  readonly resolve: () => void;
}
