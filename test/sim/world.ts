import { limits } from '../../src/base/index.ts';
import type { IceCredentials } from '../../src/relay/index.ts';
import { Camera } from './camera.ts';
import { Checker } from './checker.ts';
import { fingerprintOf } from './descriptions.ts';
import { Dice } from './dice.ts';
import { Faults } from './faults.ts';
import { Homes } from './homes.ts';
import { Network } from './network.ts';
import { Node } from './node.ts';
import { Operator } from './operator.ts';
import type { Peer } from './peer.ts';
import type { Action, Plan } from './plan.ts';
import { aheadMsMax, SharedVault } from './shared-vault.ts';
import type { SharedIdentity } from './sim-identity.ts';
import { previousMsMax, SimStore } from './sim-ownership.ts';
import type { Socket } from './socket.ts';
import { tryFrom } from './stranger.ts';
import { Timeline } from './timeline.ts';
import { Truth } from './truth.ts';
import type { Term, View } from './view.ts';
import { Viewer } from './viewer.ts';

/** Names that begin alike, for whoever compares by the beginning. */
const people = ['sub:ann', 'sub:anna', 'sub:ben', 'sub:b', 'sub:eve', 'sub:evelyn'];
const cameras = ['cam:1', 'cam:10', 'cam:100', 'cam:oak', 'cam:oakhill', 'cam:o', 'cam:elm', 'cam:elms'];

const busyTimesMax = 5;
const busyMsMax = 1_500;
const pauseMsMax = 150;

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
      this.truth.grant(this.#viewer(number).name, name, this.timeline.nowMs, 'owner');
  }

  /** Lives to its end, or up to the first thing that must not be. */
  async run(): Promise<Outcome> {
    for (const node of this.nodes) await node.start();
    for (const camera of this.cameras) this.timeline.after(this.dice.between(0, 1_000), () => camera.on());
    this.timeline.after(1_000, () => this.#lookForLeaks());
    for (const action of this.plan.actions) this.timeline.after(action.atMs, () => this.#act(action));
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

  #act(action: Action): void {
    const person = this.#viewer(action.person);
    const camera = this.#camera(action.camera);
    const dice = new Dice(action.dice);
    this.note(() => `${action.kind}: ${person.name}, ${camera.name}`);
    switch (action.kind) {
      case 'watch':
        this.#watch(person, this.#choice(person, camera, dice), camera.node, dice);
        return;
      case 'leave':
        if (dice.chance(0.3) && person.whep.views.length > 0) void person.whep.end(dice.pick(person.whep.views));
        else person.leave();
        return;
      case 'extend':
        person.extend();
        return;
      case 'restart':
        if (dice.chance(0.4) && person.whep.views.length > 0) void person.whep.restart(dice.pick(person.whep.views));
        else person.restart();
        return;
      case 'roam':
        person.roam();
        this.#follow(person, dice);
        return;
      case 'drop-viewer':
        if (dice.chance(0.5)) person.whep.vanish();
        else person.drop();
        return;
      case 'list':
        void person.list(camera.node);
        return;
      case 'transfer':
        this.#transfer(camera, person.name, dice);
        return;
      case 'share':
        this.#share(camera.name, person, dice);
        return;
      case 'unshare':
        this.#lose(person, camera, dice);
        return;
      case 'camera-on':
        camera.on();
        return;
      case 'camera-drop':
        camera.drop();
        return;
      case 'camera-roam':
        for (const peer of camera.peers) peer.roam();
        this.#follow(person, dice);
        return;
      case 'twin':
        this.#twin(camera, dice);
        return;
      case 'intrude':
        this.#intrude(person, camera, dice);
        return;
      case 'revoke':
        this.operator.act(action, person, camera);
        // It comes back with a new token, or tries once more with what it has.
        camera.drop();
        return;
      case 'sign-out':
      case 'sign-out-all':
      case 'take-back':
      case 'quarantine':
      case 'switch':
        this.operator.act(action, person, camera);
        return;
      case 'strangers':
        tryFrom(this, person.address, camera.node, dice);
        return;
      case 'late-loop':
        this.#delay(camera.node, dice);
        return;
      case 'silent-connection':
        person.beSilent(camera.node);
        return;
      case 'node-stop':
      case 'node-kill':
        void this.#end(camera.node, action.kind === 'node-stop', dice.between(200, 5_000));
    }
  }

  /** A node is busy for a while, again and again, with little time between. */
  #delay(node: Node, dice: Dice): void {
    let atMs = 0;
    for (let times = dice.between(1, busyTimesMax); times > 0; times--) {
      const busyMs = dice.between(200, busyMsMax);
      this.timeline.after(atMs, () => node.beBusy(busyMs));
      atMs += busyMs + dice.between(1, pauseMsMax);
    }
  }

  /** Somebody else’s router may take the port that has just been given back. */
  #follow(person: Viewer, dice: Dice): void {
    this.timeline.after(dice.between(10, 120), () => {
      const others = this.peers.filter((peer) => peer.connected && peer.view.person !== person.name);
      if (others.length > 0) dice.pick(others).roam();
    });
  }

  /** Most ask for what they may see, some for what they might see once, some for what they may not. */
  #choice(person: Viewer, camera: Camera, dice: Dice): string {
    const former = this.truth
      .formerly(person.name, this.timeline.nowMs)
      .filter((name) => this.#isOn(name, camera.node));
    if (former.length > 0 && dice.chance(0.3)) return dice.pick(former);
    const own = this.truth.camerasOf(person.name, this.timeline.nowMs).filter((name) => this.#isOn(name, camera.node));
    return own.length > 0 && dice.chance(0.75) ? dice.pick(own) : camera.name;
  }

  /** Whoever asked elsewhere first comes here next, or does not. */
  #watch(person: Viewer, camera: string, node: Node, dice: Dice): void {
    const first = this.#askedAt({ node }, dice);
    person.watch(camera, first);
    if (first !== node && dice.chance(0.6))
      this.timeline.after(dice.between(50, dice.pick([500, 6_000])), () => person.watch(camera, node));
  }

  /** Where relays share what they know, some ask the one that does not have the camera: it answers them, and the others after it. */
  #askedAt({ node }: Pick<Camera, 'node'>, dice: Dice): Node {
    return this.plan.shares && dice.named('elsewhere').chance(0.3) ? dice.pick(this.nodes) : node;
  }

  #isOn(name: string, node: Node): boolean {
    return this.cameras.some((camera) => camera.name === name && camera.node === node);
  }

  #transfer(camera: Camera, to: string, dice: Dice): void {
    for (const viewer of this.viewers) {
      if (viewer.name !== to && this.#mayNow(viewer, camera.name)) this.#lose(viewer, camera, dice);
    }
    this.timeline.after(1_000, () => this.truth.grant(to, camera.name, this.timeline.nowMs, 'owner'));
  }

  /** Somebody loses a camera, who may just have looked at it, and tries again when all that was remembered of it should be forgotten. */
  #lose(viewer: Viewer, { name, node }: Camera, dice: Dice): void {
    if (dice.chance(0.5)) viewer.watch(name, node);
    const before = this.#askedAt({ node }, dice);
    if (dice.chance(0.5)) this.timeline.after(dice.between(610, 695), () => viewer.watch(name, before));
    this.timeline.after(700, () => this.truth.revoke(viewer.name, name, this.timeline.nowMs));
    if (dice.chance(0.5)) this.timeline.after(dice.between(3_900, 12_000), () => viewer.watch(name, node));
  }

  /** Who has been let in may try what is another's. */
  #share(camera: string, viewer: Viewer, dice: Dice): void {
    const { nowMs } = this.timeline;
    if (this.truth.grantNow(viewer.name, camera, nowMs)?.role === 'owner') return;
    const untilMs = dice.chance(0.7) ? nowMs + dice.between(500, 20_000) : undefined;
    this.truth.grant(viewer.name, camera, nowMs, 'viewer', untilMs);
    if (dice.chance(0.5)) this.timeline.after(dice.between(100, 3_000), () => this.#meddle(viewer, camera, dice));
  }

  #meddle(viewer: Viewer, camera: string, dice: Dice): void {
    const others = this.views.filter(
      (view) => view.via === 'whep' && view.camera === camera && view.person !== viewer.name,
    );
    const open = others.filter((view) => view.session !== undefined);
    if (open.length > 0) void viewer.whep.end(dice.pick(open));
  }

  /** The same camera once more, with a token of its own. */
  #twin(camera: Camera, dice: Dice): void {
    const twin = new Camera(
      this,
      camera.name,
      dice.chance(0.8) ? camera.node : dice.pick(this.nodes),
      this.cameras.length,
    );
    this.cameras.push(twin);
    twin.on();
  }

  #intrude(person: Viewer, camera: Camera, dice: Dice): void {
    const others = this.views.filter((view) => view.session !== undefined && view.person !== person.name);
    const shared = others.filter(({ via, camera }) => via === 'whep' && this.#mayNow(person, camera));
    const foreign = this.views.filter((view) => view.session !== undefined && view.camera !== camera.name);
    if (dice.chance(0.3) && foreign.length > 0) camera.intrude(dice.pick(foreign).session ?? '');
    else if (others.length === 0) return;
    else if (shared.length > 0 && dice.chance(0.7)) void person.whep.end(dice.pick(shared));
    else if (dice.chance(0.5)) person.intrude(dice.pick(others));
    else void person.whep.end(dice.pick(others.slice(-4)));
  }

  #mayNow({ name }: Viewer, camera: string): boolean {
    return this.truth.grantNow(name, camera, this.timeline.nowMs) !== undefined;
  }

  async #end(node: Node, gracefully: boolean, backMs: number): Promise<void> {
    if (!node.runs) return;
    if (gracefully) await node.stop();
    else node.kill();
    this.timeline.after(backMs, () => void node.start());
  }

  #viewer(number: number): Viewer {
    return at(this.viewers, number % this.viewers.length);
  }

  #camera(number: number): Camera {
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
