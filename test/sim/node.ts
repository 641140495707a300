import type { RelayLevers } from '../../src/levers/index.ts';
import { createOwnership, createSharedCache, type Ownership, type SharedCache } from '../../src/ownership/index.ts';
import { createPairing, createReproof, createSessions, type Reproof, type Sessions } from '../../src/pairing/index.ts';
import {
  firstMessageHeader,
  firstMessageTaken,
  headerText,
  subprotocol,
  ticketHeader,
  webSocketPath,
} from '../../src/protocol/index.ts';
import { createRelay, type OpenUdpPort, type ReceiveDatagram, type Relay } from '../../src/relay/index.ts';
import { LoopLag } from '../../src/signaling/admission/index.ts';
import { createSignaling, type HttpResponse, type Signaling } from '../../src/signaling/index.ts';
import { type MemoryRequest, memoryRequest } from '../support/memory-transport.ts';
import { relaySettings } from '../support/relay-settings.ts';
import { ArrivalWatch } from './arrival-watch.ts';
import { EventLoop } from './event-loop.ts';
import { type Address, keyOf } from './network.ts';
import type { Peer } from './peer.ts';
import { claimedKind, simIdentity } from './sim-identity.ts';
import { SimSource } from './sim-ownership.ts';
import { crossingSessions, forgetfulPairing, type SlowDoor, simGrants, slowDoor } from './sim-pairing.ts';
import { SimSharedStore } from './sim-shared-store.ts';
import { SimTrail } from './sim-trail.ts';
import type { Call, Socket } from './socket.ts';
import { ProcessClock } from './timeline.ts';
import type { World } from './world.ts';

/** What runs of a node between its start and its end. */
interface Running {
  /** The timers of the code under test, and those of what is simulated around it. */
  readonly clock: ProcessClock;
  readonly around: ProcessClock;
  /** The clock of the thread that moves media, which is never late, and that of what never ends by itself. */
  readonly mediaClock: ProcessClock;
  readonly lagClock: ProcessClock;
  readonly loop: EventLoop;
  readonly lag: LoopLag | undefined;
  readonly watch: ArrivalWatch;
  readonly relay: Relay;
  readonly door: SlowDoor;
  readonly ownership: Ownership;
  readonly reproof: Reproof;
  readonly sessions: Sessions;
  readonly levers: RelayLevers;
  readonly signaling: Signaling;
  readonly source: SimSource;
  readonly store: SimSharedStore | undefined;
  readonly trail: SimTrail;
}

/** One relay: the real rooms, wired as the server wires them, on the world's time and network. */
export class Node {
  readonly number: number;
  readonly #world: World;
  #receive: ReceiveDatagram = () => {};
  #running: Running | undefined;
  #starts = 0;

  constructor(world: World, number: number) {
    this.#world = world;
    this.number = number;
  }

  get runs(): boolean {
    return this.#running !== undefined;
  }

  /** What the operator throws here; undefined while it does not run. */
  get levers(): RelayLevers | undefined {
    return this.#running?.levers;
  }

  async start(): Promise<void> {
    const { timeline, plan, faults, truth, operator } = this.#world;
    const dice = this.#world.dice.named(`node/${this.number}/${this.#starts++}`);
    const loop = new EventLoop(timeline);
    const clock = new ProcessClock(timeline, loop);
    const around = new ProcessClock(timeline, loop, 'arrivals');
    const mediaClock = new ProcessClock(timeline);
    const lagClock = new ProcessClock(timeline, loop);
    const lag = this.#world.lateMsMax > 0 ? new LoopLag(lagClock, () => {}) : undefined;
    const watch = new ArrivalWatch(this.#world, loop, plan.admission, (what) => this.#world.checker.violated(what));
    const relay = await this.#openRelay(mediaClock, dice.named('relay'));
    const source = new SimSource(truth, around, faults, dice.named('source'), plan);
    const bounds = { entriesMax: 64, grantMsMax: plan.grantMsMax, refusalMsMax: plan.refusalMsMax };
    const { shared, store } = this.#openShared(source, bounds, clock, around, dice.named('shared'));
    const ownership = createOwnership(
      source,
      bounds,
      { clock, random: dice.named('keys'), store: this.#world.store, ...(shared && { shared }) },
      { alarm: (kind) => this.#world.count(`alarm ${kind}`) },
    );
    const lifetimes = { lifetimeMsMax: plan.sessionMsMax, perDeviceMax: 4, perSubjectMax: 4 };
    const internal = (error: unknown) => this.#world.checker.internal(error);
    const reproof = createReproof(ownership, clock, {
      reproved: (outcome) => this.#world.count(`reproved ${outcome}`),
      internal,
    });
    const count = (what: string) => this.#world.count(what);
    const trail = new SimTrail(plan.records, around, dice.named('trail'), count);
    const levers = operator.leversOf(clock);
    const sessions = createSessions(lifetimes, clock, dice.named('sessions'), reproof, levers);
    const door = slowDoor(relay, around, faults, dice.named('door'));
    const signaling = createSignaling({
      identity: simIdentity(
        { ...this.#world.identity, revocations: levers.revocations },
        around,
        faults,
        dice.named('identity'),
      ),
      pairing: forgetfulPairing(createPairing(ownership, clock, levers), around, faults),
      sessions: crossingSessions(sessions, faults, dice.named('crossed')),
      relay: door,
      grants: simGrants(around, dice.named('grants')),
      clock,
      random: dice.named('signaling'),
      settings: { realm: 'latchkey', unregisteredMax: 32, admission: plan.admission },
      claimedKind,
      lagMs: lag && (() => lag.ms),
      levers,
      trail,
      observer: {
        internal,
        notAdmitted: (lane, reason) => this.#world.count(`not admitted ${lane} ${reason}`),
        sessionMoved: () => this.#world.count('moved'),
        refused: (code, where) => this.#world.count(`refused ${code} ${where}`),
        sessionEnded: (reason) => this.#world.count(`ended ${reason}`),
      },
    });
    levers.actOn({ sessions, connections: signaling });
    this.#running = {
      ...{ clock, around, mediaClock, lagClock, loop, lag, watch },
      ...{ relay, door, ownership, reproof, sessions, levers, signaling, source, store, trail },
    };
    this.#world.note(() => `node ${this.number} starts`);
  }

  /** It goes as on SIGTERM: tells everyone, ends everything, and lets go of its ports. */
  async stop(): Promise<void> {
    const running = this.#running;
    if (running === undefined) return;
    running.watch.stopping = true;
    running.signaling.stop();
    this.#world.checker.stopped(this);
    await running.relay.close();
    running.reproof.close();
    await running.ownership.close();
    this.#running = undefined;
    this.#cutAll();
    stopAll(running);
  }

  /** It is gone as on SIGKILL. */
  kill(): void {
    if (this.#running !== undefined) stopAll(this.#running);
    this.#running = undefined;
    this.#world.checker.stopped(this);
    this.#cutAll();
  }

  /** Returns whether it was a check that went on to the other side at once. */
  receive(from: Address, bytes: Buffer, sender: Peer): boolean {
    if (!this.runs) return false;
    this.#world.checker.arriving(this, from, bytes, sender);
    this.#receive({ path: from.path, pathAt: 0, bytes, start: 0, end: bytes.length });
    return this.#world.checker.arrived();
  }

  /** Its event loop has no time for anything else. */
  beBusy(ms: number): void {
    this.#running?.loop.beBusy(ms);
    this.#world.count('busy');
  }

  /** Nobody comes any more: how late its loop is need not be known. */
  rest(): void {
    this.#running?.lag?.stop();
  }

  /** Something comes by the network, and is handled when there is time for it. */
  whenFree(run: () => void): void {
    if (this.#running === undefined) run();
    else this.#running.loop.whenFree(run);
  }

  /** A message comes by a connection from there. */
  heard(address: string, text: string): void {
    this.#running?.watch.heard(address, text);
  }

  /** Opens a WebSocket. Undefined where it was refused, or the node has gone meanwhile. */
  async upgrade(
    socket: Socket,
    token: string | undefined,
    { ticket, first }: { readonly ticket?: string | undefined; readonly first?: Call | undefined } = {},
  ): Promise<'open' | 'refused' | 'gone'> {
    const running = await this.#whenFree();
    if (running === undefined) return 'gone';
    const asks = first && socket.prepare(first);
    const headers = {
      ...(asks === undefined ? {} : { [firstMessageHeader]: headerText(asks.text) }),
      'sec-websocket-protocol': subprotocol,
      ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
      ...(ticket === undefined ? {} : { [ticketHeader]: ticket }),
    };
    const isGood = socket.ticketAlone !== undefined && this.#world.checker.isGoodTicket(socket);
    const judge = running.watch.comes({
      address: socket.remoteAddress,
      lane: token === undefined || token.startsWith('viewer/') ? 'viewer' : 'camera',
      ticket: isGood ? 'good' : ticket === undefined ? 'none' : 'shown',
    });
    const request = { path: webSocketPath, headers, remoteAddress: socket.remoteAddress };
    const decision = await running.signaling.upgrade(memoryRequest(request));
    // A transport opens nothing for whoever has gone meanwhile.
    if (running !== this.#running || socket.overAtNode) return 'gone';
    if ('refuse' in decision) {
      judge(decision.refuse.status, `${decision.refuse.body}`);
      this.#world.checker.refusal(decision.refuse);
      return 'refused';
    }
    judge(101, '');
    const taken = decision.headers?.[firstMessageHeader] === firstMessageTaken;
    if (taken) {
      this.#world.count('first messages');
      this.heard(socket.remoteAddress, asks?.text ?? '');
      asks?.begin();
    }
    socket.attach(decision.open(socket));
    if (!taken) asks?.say();
    return 'open';
  }

  async request(request: MemoryRequest & { readonly remoteAddress: string }): Promise<HttpResponse | undefined> {
    const running = await this.#whenFree();
    if (running === undefined) return undefined;
    const judge = running.watch.comes({ address: request.remoteAddress, lane: 'viewer', ticket: 'none' });
    const response = await running.signaling.request(memoryRequest(request));
    if (running !== this.#running) return undefined;
    judge(response.status, response.status < 300 ? '' : `${response.body}`);
    return response;
  }

  /** Wires beyond the sessions that there are and the wires that are being opened. */
  get wiresWithoutSession(): number {
    const running = this.#running;
    return running === undefined ? 0 : running.relay.gauges.wires - running.sessions.size - running.door.opening;
  }

  /** Whether a live view is on record for good. */
  hasOnRecord(session: string): boolean {
    return this.#running?.trail.recorded.has(session) ?? false;
  }

  /** What it still holds, though everybody has left. */
  leaks(): string[] {
    const running = this.#running;
    if (running === undefined) return [];
    const { relay, reproof, sessions, signaling, clock, mediaClock, source, store, trail } = running;
    const { inFlight, waiting } = signaling.admission;
    const sizes: Record<string, number> = {
      ...relay.gauges,
      sessions: sessions.size,
      registrations: signaling.devicesOnline,
      connections: signaling.connections,
      timers: clock.pending + mediaClock.pending,
      questions: source.pending,
      'questions to the shared cache': store?.pending ?? 0,
      reproofs: reproof.pending,
      'views without an end on record': trail.open.size,
      turns: inFlight + waiting.viewer + waiting.camera,
    };
    return Object.entries(sizes).flatMap(([name, size]) => (size === 0 ? [] : `${size} ${name}`));
  }

  async #whenFree(): Promise<Running | undefined> {
    const running = this.#running;
    if (running === undefined || running.loop.isFree) return running;
    await new Promise<void>((resolve) => running.loop.whenFree(resolve));
    return running === this.#running ? running : undefined;
  }

  /** The cache that the nodes share, as the wiring opens it. */
  #openShared(
    source: SimSource,
    bounds: Parameters<typeof createSharedCache>[0],
    clock: ProcessClock,
    around: ProcessClock,
    dice: World['dice'],
  ): { shared?: SharedCache; store?: SimSharedStore } {
    const { faults, vault, checker } = this.#world;
    if (vault === undefined) return {};
    let store: SimSharedStore | undefined;
    const shared = createSharedCache(
      bounds,
      {
        source,
        keys: vault.keysOf(this.number),
        openStore: (told) => {
          const surroundings = { clock: around, faults, dice: dice.named('store') };
          store = new SimSharedStore(vault, surroundings, told, (what) => checker.violated(what));
          return store;
        },
        clock,
        random: dice.named('nonces'),
      },
      {
        asked: (outcome) => this.#world.count(`shared cache ${outcome}`),
        alarm: (kind) => {
          this.#world.count(`alarm ${kind}`);
          store?.alarmed();
        },
        state: (state) => this.#world.count(`shared cache ${state}`),
      },
    );
    return { shared, ...(store && { store }) };
  }

  async #openRelay(clock: ProcessClock, dice: World['dice']): Promise<Relay> {
    const host = `203.0.113.${this.number + 1}`;
    const openPort: OpenUdpPort = async (at, receive) => {
      this.#receive = receive;
      return {
        address: { host: at.host, port: at.port },
        receiveBufferBytes: 2 ** 30,
        sendBufferBytes: 2 ** 30,
        send: (to, toAt, bytes, start, end, step = end - start) => {
          for (let from = start; from < end; from += step) {
            this.#leaves(keyOf(to, toAt), bytes.subarray(from, Math.min(from + step, end)));
          }
        },
        close: async () => {
          this.#receive = () => {};
        },
      };
    };
    const settings = relaySettings({ host, port: 3_478 });
    return await createRelay(settings, { clock, random: dice, openPort, wiresMax: 256, machineAddresses: () => [] });
  }

  #leaves(to: number, bytes: Buffer): void {
    this.#world.checker.datagram(this, to, bytes);
    this.#world.network.toPeer(to, bytes);
  }

  #cutAll(): void {
    for (const socket of this.#world.sockets) {
      if (socket.node === this && !socket.overAtNode) socket.cut();
    }
  }
}

function stopAll({ around, clock, mediaClock, lagClock }: Running): void {
  for (const each of [around, clock, mediaClock, lagClock]) each.stop();
}
