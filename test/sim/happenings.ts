import { Camera } from './camera.ts';
import { Dice } from './dice.ts';
import type { Node } from './node.ts';
import type { Action } from './plan.ts';
import { tryFrom } from './stranger.ts';
import type { Viewer } from './viewer.ts';
import type { World } from './world.ts';

/** How often a node is busy in a row, for how long each time, and what is between. */
export const busyTimesMax = 5;
export const busyMsMax = 1_500;
export const pauseMsMax = 150;

/** What people do in a world, and what becomes of its nodes. */
export class Happenings {
  readonly #world: World;

  constructor(world: World) {
    this.#world = world;
  }

  act(action: Action): void {
    const person = this.#world.viewer(action.person);
    const camera = this.#world.camera(action.camera);
    const dice = new Dice(action.dice);
    this.#world.note(() => `${action.kind}: ${person.name}, ${camera.name}`);
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
        this.#world.operator.act(action, person, camera);
        // It comes back with a new token, or tries once more with what it has.
        camera.drop();
        return;
      case 'sign-out':
      case 'sign-out-all':
      case 'take-back':
      case 'quarantine':
      case 'switch':
        this.#world.operator.act(action, person, camera);
        return;
      case 'strangers':
        tryFrom(this.#world, person.address, camera.node, dice);
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
      this.#world.timeline.after(atMs, () => node.beBusy(busyMs));
      atMs += busyMs + dice.between(1, pauseMsMax);
    }
  }

  /** Somebody else’s router may take the port that has just been given back. */
  #follow(person: Viewer, dice: Dice): void {
    this.#world.timeline.after(dice.between(10, 120), () => {
      const others = this.#world.peers.filter((peer) => peer.connected && peer.view.person !== person.name);
      if (others.length > 0) dice.pick(others).roam();
    });
  }

  /** Most ask for what they may see, some for what they might see once, some for what they may not. */
  #choice(person: Viewer, camera: Camera, dice: Dice): string {
    const former = this.#world.truth
      .formerly(person.name, this.#world.timeline.nowMs)
      .filter((name) => this.#isOn(name, camera.node));
    if (former.length > 0 && dice.chance(0.3)) return dice.pick(former);
    const own = this.#world.truth
      .camerasOf(person.name, this.#world.timeline.nowMs)
      .filter((name) => this.#isOn(name, camera.node));
    return own.length > 0 && dice.chance(0.75) ? dice.pick(own) : camera.name;
  }

  /** Whoever asked elsewhere first comes here next, or does not. */
  #watch(person: Viewer, camera: string, node: Node, dice: Dice): void {
    const first = this.#askedAt({ node }, dice);
    person.watch(camera, first);
    if (first !== node && dice.chance(0.6))
      this.#world.timeline.after(dice.between(50, dice.pick([500, 6_000])), () => person.watch(camera, node));
  }

  /** Where relays share what they know, some ask the one that does not have the camera: it answers them, and the others after it. */
  #askedAt({ node }: Pick<Camera, 'node'>, dice: Dice): Node {
    return this.#world.plan.shares && dice.named('elsewhere').chance(0.3) ? dice.pick(this.#world.nodes) : node;
  }

  #isOn(name: string, node: Node): boolean {
    return this.#world.cameras.some((camera) => camera.name === name && camera.node === node);
  }

  #transfer(camera: Camera, to: string, dice: Dice): void {
    for (const viewer of this.#world.viewers) {
      if (viewer.name !== to && this.#mayNow(viewer, camera.name)) this.#lose(viewer, camera, dice);
    }
    this.#world.timeline.after(1_000, () =>
      this.#world.truth.grant(to, camera.name, this.#world.timeline.nowMs, 'owner'),
    );
  }

  /** Somebody loses a camera, who may just have looked at it, and tries again when all that was remembered of it should be forgotten. */
  #lose(viewer: Viewer, { name, node }: Camera, dice: Dice): void {
    if (dice.chance(0.5)) viewer.watch(name, node);
    const before = this.#askedAt({ node }, dice);
    if (dice.chance(0.5)) this.#world.timeline.after(dice.between(610, 695), () => viewer.watch(name, before));
    this.#world.timeline.after(700, () => this.#world.truth.revoke(viewer.name, name, this.#world.timeline.nowMs));
    if (dice.chance(0.5)) this.#world.timeline.after(dice.between(3_900, 12_000), () => viewer.watch(name, node));
  }

  /** Who has been let in may try what is another's. */
  #share(camera: string, viewer: Viewer, dice: Dice): void {
    const { nowMs } = this.#world.timeline;
    if (this.#world.truth.grantNow(viewer.name, camera, nowMs)?.role === 'owner') return;
    const untilMs = dice.chance(0.7) ? nowMs + dice.between(500, 20_000) : undefined;
    this.#world.truth.grant(viewer.name, camera, nowMs, 'viewer', untilMs);
    if (dice.chance(0.5))
      this.#world.timeline.after(dice.between(100, 3_000), () => this.#meddle(viewer, camera, dice));
  }

  #meddle(viewer: Viewer, camera: string, dice: Dice): void {
    const others = this.#world.views.filter(
      (view) => view.via === 'whep' && view.camera === camera && view.person !== viewer.name,
    );
    const open = others.filter((view) => view.session !== undefined);
    if (open.length > 0) void viewer.whep.end(dice.pick(open));
  }

  /** The same camera once more, with a token of its own. */
  #twin(camera: Camera, dice: Dice): void {
    const twin = new Camera(
      this.#world,
      camera.name,
      dice.chance(0.8) ? camera.node : dice.pick(this.#world.nodes),
      this.#world.cameras.length,
    );
    this.#world.cameras.push(twin);
    twin.on();
  }

  #intrude(person: Viewer, camera: Camera, dice: Dice): void {
    const others = this.#world.views.filter((view) => view.session !== undefined && view.person !== person.name);
    const shared = others.filter(({ via, camera }) => via === 'whep' && this.#mayNow(person, camera));
    const foreign = this.#world.views.filter((view) => view.session !== undefined && view.camera !== camera.name);
    if (dice.chance(0.3) && foreign.length > 0) camera.intrude(dice.pick(foreign).session ?? '');
    else if (others.length === 0) return;
    else if (shared.length > 0 && dice.chance(0.7)) void person.whep.end(dice.pick(shared));
    else if (dice.chance(0.5)) person.intrude(dice.pick(others));
    else void person.whep.end(dice.pick(others.slice(-4)));
  }

  #mayNow({ name }: Viewer, camera: string): boolean {
    return this.#world.truth.grantNow(name, camera, this.#world.timeline.nowMs) !== undefined;
  }

  async #end(node: Node, gracefully: boolean, backMs: number): Promise<void> {
    if (!node.runs) return;
    if (gracefully) await node.stop();
    else node.kill();
    this.#world.timeline.after(backMs, () => void node.start());
  }
}
