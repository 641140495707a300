import { readFileSync } from 'node:fs';
import { setImmediate } from 'node:timers';
import { deviceId, type ErrorCode, LatchkeyError, type Redacted, type SessionId } from '../../src/base/index.ts';
import { createRevocations, type Identity, type Tickets } from '../../src/identity/index.ts';
import { allOn, createLevers, openLeverStore } from '../../src/levers/index.ts';
import type { Ownership } from '../../src/ownership/index.ts';
import { mintProof } from '../../src/ownership/proof.ts';
import {
  createPairing,
  createSessions,
  type GrantSigner,
  isVerifiedPair,
  type VerifiedPair,
} from '../../src/pairing/index.ts';
import { subprotocol, webSocketPath } from '../../src/protocol/index.ts';
import type { IceCredentials, Relay, Reservation, Wire, WireEvents, WireStats } from '../../src/relay/index.ts';
import {
  type AdmissionSettings,
  createSignaling,
  type HttpResponse,
  type SignalingObserver,
  type SignalingParts,
} from '../../src/signaling/index.ts';
import { ManualClock } from './manual-clock.ts';
import { type MemoryRequest, MemorySocket, memoryRequest, memoryUpgrade } from './memory-transport.ts';
import { cameraProof, viewerProof } from './proofs.ts';
import { seededRandom } from './seeded-random.ts';

/** A session description of a real stack, from `test/signaling/sdp/descriptions`. */
export function sdpOf(name: string): string {
  const file = new URL(`../signaling/sdp/descriptions/${name}.sdp`, import.meta.url);
  return readFileSync(file, 'utf8').replaceAll('\r\n', '\n').replaceAll('\n', '\r\n');
}

export const viewerOffer = sdpOf('chromium-offer');
export const cameraAnswer = sdpOf('werift-answer');
export const cameraOffer = sdpOf('werift-offer');
export const viewerAnswer = sdpOf('libdatachannel-answer-of-two');

/** A wire that was asked for, and what became of it. */
export interface RecordedWire {
  readonly pair: VerifiedPair;
  readonly session: SessionId;
  viewer: IceCredentials;
  camera: IceCredentials;
  readonly events: WireEvents;
  readonly extended: VerifiedPair[];
  ended: boolean;
}

const noSide = {
  packets: 0,
  bytes: 0,
  latches: 0,
  rtpPackets: 0,
  lost: 0,
  policed: 0,
  jitterMs: 0,
  longestSilenceMs: 0,
  firstMediaAtMs: 0,
  lastMediaAtMs: 0,
};
const noStats: WireStats = { viewer: noSide, camera: noSide, firstMediaMs: undefined };

/** A relay's door without a relay behind it. */
export class RecordingRelay implements Relay {
  readonly addresses = [{ host: '192.0.2.1', port: 3478, transport: 'udp' as const }];
  /** Sessions that have a place and no wire. */
  readonly reserved = new Set<SessionId>();
  readonly wires: RecordedWire[] = [];
  readonly workers: Relay['workers'] = [];
  refuses: ErrorCode | undefined;
  /** Its workers do not say that a wire is over. */
  silent = false;

  get live(): RecordedWire[] {
    return this.wires.filter((wire) => !wire.ended);
  }

  get counters(): Relay['counters'] {
    throw new TypeError('There is no relay behind this door.');
  }

  get gauges(): Relay['gauges'] {
    throw new TypeError('There is no relay behind this door.');
  }

  readonly rates: Parameters<Relay['useRates']>[0][] = [];

  useRates(rates: Parameters<Relay['useRates']>[0]): void {
    this.rates.push(rates);
  }

  reserve(pair: VerifiedPair, session: SessionId): Reservation {
    if (!isVerifiedPair(pair)) throw new TypeError('A wire opens for a VerifiedPair and for nothing else.');
    this.reserved.add(session);
    return {
      addresses: this.addresses,
      open: async (viewer, camera, events) => {
        this.reserved.delete(session);
        return this.#open(pair, session, viewer, camera, events);
      },
      release: () => this.reserved.delete(session),
    };
  }

  #open(
    pair: VerifiedPair,
    session: SessionId,
    viewer: IceCredentials,
    camera: IceCredentials,
    events: WireEvents,
  ): Wire {
    if (this.refuses !== undefined) throw new LatchkeyError(this.refuses);
    const wire: RecordedWire = { pair, session, viewer, camera, events, extended: [], ended: false };
    this.wires.push(wire);
    return {
      stats: () => noStats,
      async restart(viewerAfter, cameraAfter) {
        wire.viewer = viewerAfter;
        wire.camera = cameraAfter;
      },
      extend: (fresh) => {
        wire.extended.push(fresh);
      },
      end: () => {
        wire.ended = true;
        if (!this.silent) events.finished?.(noStats);
      },
    };
  }

  async close(): Promise<void> {}
}

/** Grants that say in the clear whom they are for. */
const openGrants: GrantSigner = {
  keys: { keys: [{ kty: 'OKP', kid: 'test' }] },
  async sign(pair, session, fingerprints) {
    return JSON.stringify({ sub: pair.subject, device: pair.device, sid: session.id, fingerprints });
  },
};

/** Room for every test that is not about it. */
export const worldAdmission: AdmissionSettings = {
  verificationsMax: 32,
  waitingMax: 8_192,
  lagMsMax: 250,
  attempts: undefined,
  failures: undefined,
  registrations: undefined,
};

function claimedKind(token: Redacted<string>): 'viewer' | 'camera' | undefined {
  const [kind] = token.reveal().split('/');
  return kind === 'viewer' || kind === 'camera' ? kind : undefined;
}

export type World = ReturnType<typeof signalingWorld>;

/**
 * Signaling with everything around it in memory, on a clock that stands still. A token is `viewer/alice` or
 * `camera/front-door`, with its lifetime in seconds as a third part where it is not an hour; anything else is refused.
 */
export function signalingWorld(seed = 1, override: Partial<SignalingParts> = {}, tickets?: Tickets) {
  const clock = new ManualClock();
  const random = seededRandom(seed);
  const relay = new RecordingRelay();
  const owned = new Map<string, number | undefined>();
  const shared = new Set<string>();
  const told: string[] = [];
  const faults: unknown[] = [];
  let sourceIsUp = true;
  /** Where set, every question to identity and ownership waits until it is called. */
  let gate: ((go: () => void) => void) | undefined;
  const waitGate = () => new Promise<void>((go) => (gate === undefined ? go() : gate(go)));

  const identity: Identity = {
    tickets,
    async verify(token) {
      const [kind, name = '', lifetime = '3600'] = token.reveal().split('/');
      await waitGate();
      if (kind !== 'viewer' && kind !== 'camera') throw new LatchkeyError('token-signature');
      const make = kind === 'viewer' ? viewerProof : cameraProof;
      return make(name, clock.now(), clock.now() + Number(lifetime) * 1000);
    },
    async verifyViewer(token) {
      const holder = await this.verify(token);
      if (holder.kind !== 'viewer') throw new LatchkeyError('token-audience');
      return holder;
    },
    async verifyCamera(token) {
      const holder = await this.verify(token);
      if (holder.kind !== 'camera') throw new LatchkeyError('token-audience');
      return holder;
    },
  };

  const ownership: Ownership = {
    async may(viewer, device) {
      await waitGate();
      if (!sourceIsUp) throw new LatchkeyError('source-unavailable');
      if (!owned.has(`${viewer.subject} ${device}`)) throw new LatchkeyError('not-allowed');
      const question = { subject: viewer.subject, device };
      const answer = {
        ...question,
        role: shared.has(`${viewer.subject} ${device}`) ? ('viewer' as const) : ('owner' as const),
        notAfterMs: owned.get(`${viewer.subject} ${device}`),
        version: '1',
      };
      const proof = mintProof(question, answer, 'test', clock.now());
      if (proof === undefined) throw new Error('a proof that cannot be');
      return proof;
    },
    async devices(viewer) {
      const devices = [...owned.keys()].filter((line) => line.startsWith(`${viewer.subject} `)).sort();
      return Promise.all(devices.map((line) => this.may(viewer, deviceId(line.split(' ')[1] ?? ''))));
    },
    async close() {},
  };

  const observer: SignalingObserver = {
    refused: (code, where) => told.push(`refused ${code} ${where}`),
    registered: () => told.push('registered'),
    unregistered: (reason) => told.push(`unregistered ${reason}`),
    sessionOpened: (kind) => told.push(`opened ${kind}`),
    answered: (ms) => told.push(`answered ${ms}`),
    sessionEnded: (reason) => told.push(`ended ${reason}`),
    sessionMoved: () => told.push('moved'),
    latched: (side) => told.push(`latched ${side}`),
    firstMedia: (side, ms) => told.push(`media ${side} ${ms}`),
    ignored: (what) => told.push(`ignored ${what}`),
    internal: (error) => faults.push(error),
  };

  const levers = createLevers(
    { switches: allOn, tokenAgeMsMax: 86_400_000, clockAheadMsMax: 0 },
    { clock, store: openLeverStore(':memory:'), revocations: createRevocations() },
  );
  const bounds = { lifetimeMsMax: 3_600_000, perDeviceMax: 8, perSubjectMax: 8 };
  const sessions = createSessions(bounds, clock, random, {}, levers);
  const parts: SignalingParts = {
    identity,
    pairing: createPairing(ownership, clock, levers),
    sessions,
    relay,
    grants: openGrants,
    clock,
    random,
    settings: { realm: 'latchkey', unregisteredMax: 3, admission: worldAdmission },
    claimedKind,
    observer,
    levers,
    ...override,
  };
  const signaling = createSignaling(parts);
  levers.actOn({ sessions: parts.sessions, connections: signaling });

  const world = {
    parts,
    clock,
    relay,
    sessions,
    /** Identity here does not ask it: what is taken back is refused by whoever is behind. */
    levers,
    signaling,
    told,
    /** What threw without being an error of the table. A test that does not look at it wants it empty. */
    faults,
    /** `notAfterMs`: when a time-limited share ends. */
    own: (subject: string, device: string, notAfterMs?: number) => owned.set(`${subject} ${device}`, notAfterMs),
    /** The same for one with whom it is shared. */
    share: (subject: string, device: string) => {
      owned.set(`${subject} ${device}`, undefined);
      shared.add(`${subject} ${device}`);
    },
    disown: (subject: string, device: string) => owned.delete(`${subject} ${device}`),
    setSource: (up: boolean) => {
      sourceIsUp = up;
    },
    setGate: (use: typeof gate) => {
      gate = use;
    },
    /** Lets everything happen that waits for nothing but its turn. */
    settle: () => new Promise<void>((resolve) => setImmediate(() => resolve())),
    upgrade(request: Partial<MemoryRequest> = {}): Promise<MemorySocket | HttpResponse> {
      const headers = { 'sec-websocket-protocol': subprotocol, ...request.headers };
      return memoryUpgrade(signaling, { path: webSocketPath, ...request, headers });
    },
    /** Opens a WebSocket, with a token in its header where one is given. */
    async socket(token?: string): Promise<MemorySocket> {
      const opened = await world.upgrade(token === undefined ? {} : { headers: { authorization: `Bearer ${token}` } });
      if (!(opened instanceof MemorySocket)) throw new Error(`refused: ${opened.body}`);
      return opened;
    },
    /** A camera that registered. */
    async camera(device: string, capabilities: string[] = ['answer'], lifetime = 3600): Promise<MemorySocket> {
      const socket = await world.socket(`camera/${device}/${lifetime}`);
      socket.ask('register', { name: `The ${device}`, capabilities });
      await world.settle();
      return socket;
    },
    /** A live view that stands: the camera and the viewer of it. */
    async watched(subject: string, device: string): Promise<{ camera: MemorySocket; viewer: MemorySocket }> {
      world.own(subject, device);
      const camera = await world.camera(device);
      const viewer = await world.socket(`viewer/${subject}`);
      viewer.ask('connect', { peer: device, offer: viewerOffer });
      await world.settle();
      camera.answer(camera.request('invite'), { answer: cameraAnswer });
      await world.settle();
      return { camera, viewer };
    },
    async http(request: MemoryRequest & { token?: string }): Promise<HttpResponse> {
      const authorization = request.token === undefined ? {} : { authorization: `Bearer ${request.token}` };
      return signaling.request(memoryRequest({ ...request, headers: { ...authorization, ...request.headers } }));
    },
  };
  return world;
}
