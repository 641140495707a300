import { limits } from '../../src/base/index.ts';
import type { IceCredentials } from '../../src/relay/index.ts';
import { Camera } from './camera.ts';
import { Checker } from './checker.ts';
import { fingerprintOf } from './descriptions.ts';
import { Dice } from './dice.ts';
import { Faults } from './faults.ts';
import { busyMsMax, busyTimesMax, Happenings, pauseMsMax } from './happenings.ts';
import { Homes } from './homes.ts';
import { Network } from './network.ts';
import { Node } from './node.ts';
import { Operator } from './operator.ts';
import type { Peer } from './peer.ts';
import type { Plan } from './plan.ts';
import { aheadMsMax, SharedVault } from './shared-vault.ts';
import type { SharedIdentity } from './sim-identity.ts';
import { previousMsMax, SimStore } from './sim-ownership.ts';
import type { Socket } from './socket.ts';
import { Timeline } from './timeline.ts';
import { Truth } from './truth.ts';
import type { Term, View } from './view.ts';
import { Viewer } from './viewer.ts';

/** Names that begin alike, for whoever compares by the beginning. */
const people = ['sub:ann', 'sub:anna', 'sub:ben', 'sub:b', 'sub:eve', 'sub:evelyn'];
const cameras = ['cam:1', 'cam:10', 'cam:100', 'cam:oak', 'cam:oakhill', 'cam:o', 'cam:elm', 'cam:elms'];

export interface RunOptions {
  /** Whether a history is written. */
  readonly records?: boolean;
  /** Where a part is broken on purpose that sends descriptions to the wrong camera: what matters then is what comes back. */
  readonly forgivesCameras?: boolean;
}

/** What became of a world. */
export interface Outcome {
  readonly seed: number;
  readonly violation: string | undefined;
  readonly steps: number;
  readonly counts: ReadonlyMap<string, number>;
  readonly history: readonly string[];
}

/** A few homes, their people and cameras, one or two relays, and whatever goes wrong between them. */
export class World {
  readonly plan: Plan;
  readonly dice: Dice;
  readonly faults: Faults;
  readonly timeline = new Timeline(Date.UTC(2026, 0, 1));
  readonly truth = new Truth();
  readonly network: Network;
  readonly homes: Homes;
  readonly store: SimStore;
  /** What lies where the nodes share answers. */
  readonly vault: SharedVault | undefined;
  readonly identity: Pick<SharedIdentity, 'ticketSecret'>;
  readonly operator: Operator;
  readonly checker: Checker;
  readonly nodes: Node[];
  readonly viewers: Viewer[];
  readonly cameras: Camera[];
  readonly peers: Peer[] = [];
  readonly views: View[] = [];
  readonly sockets: Socket[] = [];
  readonly counts = { media: 0, strays: 0 };
  violation: string | undefined;
  readonly #told = new Map<string, number>();
  readonly #history: string[] | undefined;

  /** How much later than it should a node may do something. */
  readonly lateMsMax: number;

  readonly forgivesCameras: boolean;

  constructor(plan: Plan, { records = false, forgivesCameras = false }: RunOptions = {}) {
    this.plan = plan;
    this.forgivesCameras = forgivesCameras;
    const isLate = plan.actions.some(({ kind }) => kind === 'late-loop');
    this.lateMsMax = isLate ? busyTimesMax * (busyMsMax + pauseMsMax) : 0;
    this.dice = new Dice(plan.seed, 'world');
    this.faults = new Faults(plan.faults, this.dice);
    this.network = new Network(this.timeline, this.faults, this.dice.named('network'));
    this.homes = new Homes(plan.admission.attempts !== undefined, this.dice.named('homes'));
    this.store = new SimStore(this.faults, this.dice.named('store'));
    this.vault = plan.shares ? this.#newVault() : undefined;
    this.identity = { ticketSecret: this.dice.named('tickets').bytes(32) };
    this.operator = new Operator(this);
    this.checker = new Checker(this);
    this.#history = records ? [] : undefined;
    this.nodes = Array.from({ length: plan.nodes }, (_, number) => new Node(this, number));
    this.viewers = people.slice(0, plan.people).map((name, number) => new Viewer(this, name, number));
    this.cameras = cameras
      .slice(0, plan.cameras)
      .map((name, number) => new Camera(this, name, this.#nodeOf(number), number));
    for (const [number, { name }] of this.cameras.entries())
      this.truth.grant(this.viewer(number).name, name, this.timeline.nowMs, 'owner');
  }

  /** Lives to its end, or up to the first thing that must not be. */
  async run(): Promise<Outcome> {
    const happenings = new Happenings(this);
    for (const node of this.nodes) await node.start();
    for (const camera of this.cameras) this.timeline.after(this.dice.between(0, 1_000), () => camera.on());
    this.timeline.after(1_000, () => this.#lookForLeaks());
    for (const action of this.plan.actions) this.timeline.after(action.atMs, () => happenings.act(action));
    await this.#pass(this.plan.durationMs + 2_000);
    await this.#settle();
    return {
      seed: this.plan.seed,
      violation: this.violation,
      steps: this.timeline.steps,
      counts: new Map([...this.#told, ...Object.entries(this.counts), ...this.faults.struck]),
      history: this.#history ?? [],
    };
  }

  count(what: string): void {
    this.#told.set(what, (this.#told.get(what) ?? 0) + 1);
  }

  /** A line of the history, which is made only where somebody reads it. */
  note(line: () => string): void {
    this.#history?.push(`${((this.timeline.nowMs - Date.UTC(2026, 0, 1)) / 1_000).toFixed(3)} s  ${line()}`);
  }

  newCredentials(): IceCredentials {
    const ufrag = this.faults.strikes('same-ufrags', 0.8) ? this.dice.pick(['same', 'alik']) : this.#text(6);
    return { ufrag, password: this.#text(18) };
  }

  /** What a live view may rest on that is asked for now. */
  term(tokenUntilMs: number, issuedMs: number | undefined, tokenId: string | undefined): Term {
    const { grantMsMax, revisions } = this.plan;
    // An answer that is a former one to the same question is remembered like one of now.
    const previousMs = this.faults.on('previous-answers') ? previousMsMax : 0;
    // What another relay was told counts from its question, by its own clock.
    const aheadMs = this.faults.on('clocks-ahead') ? aheadMsMax : 0;
    const rememberedMs = revisions && previousMs === 0 ? 0 : grantMsMax + previousMs + aheadMs;
    const ageMsMax = Math.max(limits.ownershipAnswerMsMax + previousMs, rememberedMs);
    return { sinceMs: this.timeline.nowMs - ageMsMax, tokenUntilMs, issuedMs, tokenId };
  }

  newView({ term, ...view }: Pick<View, 'via' | 'person' | 'camera' | 'node' | 'socket'> & { term: Term }): View {
    const { nowMs } = this.timeline;
    const number = this.views.length;
    const made: View = {
      ...view,
      number,
      fingerprint: fingerprintOf(number),
      terms: [term],
      peers: { viewer: undefined, camera: undefined },
      heardMs: { viewer: nowMs, camera: nowMs },
      session: undefined,
      boundMs: undefined,
      etag: undefined,
      cameraSocket: undefined,
      awayUntilMs: undefined,
      ended: false,
      opened: false,
    };
    this.views.push(made);
    this.checker.opened(made);
    this.note(() => `${view.person} asks for ${view.camera} (view ${number}, ${view.via})`);
    return made;
  }

  #newVault(): SharedVault {
    const everybody = {
      people: people.slice(0, this.plan.people),
      cameras: cameras.slice(0, this.plan.cameras),
      revisions: this.plan.revisions,
    };
    const { timeline, truth, faults } = this;
    return new SharedVault({ timeline, truth, faults, ...everybody }, this.dice.named('vault'));
  }

  /** Everybody leaves, nothing goes wrong any more, and after a while nothing may be left. */
  async #settle(): Promise<void> {
    if (this.violation !== undefined) return;
    this.note(() => 'everybody leaves');
    for (const viewer of this.viewers) viewer.off();
    for (const camera of this.cameras) camera.off();
    await this.#pass(1_000);
    this.faults.calm();
    for (const node of this.nodes) node.rest();
    for (const peer of this.peers) peer.stop();
    await this.#pass(120_000);
    if (this.violation !== undefined) return;
    for (const node of this.nodes) {
      for (const leak of node.leaks()) this.checker.violated(`node ${node.number} still holds ${leak}`);
      await node.stop();
    }
  }

  /**
   * Lets time pass. Between two events everything happens that waits for nothing but its turn, as between two turns of the event loop:
   * a tick comes when no microtask is left.
   */
  async #pass(ms: number): Promise<void> {
    const endMs = this.timeline.nowMs + ms;
    while (this.violation === undefined && this.timeline.step(endMs)) {
      await new Promise<void>((resolve) => process.nextTick(resolve));
    }
    if (this.violation !== undefined) this.note(() => this.violation ?? '');
  }

  /** A wire that no session has is one that nobody will end. */
  #lookForLeaks(): void {
    for (const node of this.nodes) {
      const spare = node.wiresWithoutSession;
      if (spare > 0) this.checker.violated(`node ${node.number} has ${spare} more wires than sessions`);
    }
    this.timeline.after(1_000, () => this.#lookForLeaks());
  }

  viewer(number: number): Viewer {
    return at(this.viewers, number % this.viewers.length);
  }

  camera(number: number): Camera {
    return at(this.cameras, number % this.plan.cameras);
  }

  #nodeOf(number: number): Node {
    return at(this.nodes, number % this.nodes.length);
  }

  #text(bytes: number): string {
    return this.dice.bytes(bytes).toString('base64').replaceAll('=', '');
  }
}

function at<Item>(list: readonly Item[], index: number): Item {
  const item = list[index];
  if (item === undefined) throw new TypeError(`there is no ${index}`);
  return item;
}
