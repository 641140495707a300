import { deviceId, subjectId } from '../../src/base/index.ts';
import { createRevocations } from '../../src/identity/index.ts';
import {
  allOn,
  createLevers,
  type Feature,
  features,
  type LeverStore,
  type RelayLevers,
  type SwitchPosition,
} from '../../src/levers/index.ts';
import type { KeptLevers } from '../../src/levers/lever-store.ts';
import type { Camera } from './camera.ts';
import { Dice } from './dice.ts';
import type { Action } from './plan.ts';
import type { ProcessClock } from './timeline.ts';
import type { Viewer } from './viewer.ts';
import type { World } from './world.ts';

/** Whoever runs the relays of a world, and throws each lever at all of them. What was thrown outlives a node. */
export class Operator {
  readonly #world: World;
  readonly #disk = memoryStore();
  readonly #desk: RelayLevers;

  constructor(world: World) {
    this.#world = world;
    this.#desk = this.leversOf({ now: () => world.timeline.nowMs, after: (ms, run) => world.timeline.after(ms, run) });
  }

  /** The levers of a node that starts. */
  leversOf(clock: Pick<ProcessClock, 'now' | 'after'>): RelayLevers {
    const settings = { switches: allOn, tokenAgeMsMax: 3_600_000, clockAheadMsMax: 0 };
    return createLevers(settings, { clock, store: this.#disk, revocations: createRevocations() });
  }

  act({ kind, dice: seed }: Action, person: Viewer, camera: Camera): void {
    const { timeline, truth, dice: worldDice } = this.#world;
    const { thrown } = truth;
    const { nowMs } = timeline;
    const dice = new Dice(seed);
    const device = deviceId(camera.name);
    switch (kind) {
      case 'sign-out':
        thrown.signOut(person.name, nowMs);
        this.#throw((levers) => levers.revoke({ of: 'subject', subject: subjectId(person.name) }));
        this.#tryAgain(person, dice);
        return;
      case 'sign-out-all':
        thrown.signOutAll(nowMs);
        this.#throw((levers) => levers.revoke({ of: 'all' }));
        this.#world.checker.camerasOut(() => true);
        this.#tryAgain(person, dice);
        return;
      case 'take-back': {
        const token = person.lastToken;
        if (token === undefined) return;
        thrown.takeBack(token);
        this.#throw((levers) => levers.revoke({ of: 'token', tokenId: token }));
        this.#tryAgain(person, dice);
        return;
      }
      case 'revoke':
        thrown.signOut(camera.name, nowMs);
        this.#world.checker.revoked(camera.name);
        this.#throw((levers) => levers.revoke({ of: 'subject', subject: subjectId(camera.name) }));
        this.#world.checker.camerasOut((name) => name === camera.name);
        return;
      case 'quarantine':
        thrown.quarantine(camera.name, true);
        this.#throw((levers) => levers.revoke({ of: 'device', device }));
        timeline.after(dice.between(500, 20_000), () => {
          thrown.quarantine(camera.name, false);
          this.#throw((levers) => levers.release(device));
        });
        return;
      case 'switch':
        this.#switch(dice.pick(features), dice.chance(0.4) ? undefined : camera.name, dice.between(500, 15_000));
        return;
      default:
        throw new TypeError(`${worldDice}: ${kind} is no lever`);
    }
  }

  /** Off for one camera, and for none whose name begins with its own; or off for all. */
  #switch(feature: Feature, camera: string | undefined, backMs: number): void {
    const { timeline, truth } = this.#world;
    const off: SwitchPosition =
      camera === undefined
        ? { position: 'off' }
        : { position: 'off-for', prefixes: [`${camera}:`], devices: [deviceId(camera)] };
    const isOff = (name: string) => camera === undefined || name === camera;
    truth.thrown.switch(feature, isOff);
    this.#throw((levers) => levers.throwSwitch(feature, off));
    if (feature === 'registration') this.#world.checker.camerasOut(isOff);
    timeline.after(backMs, () => {
      truth.thrown.switch(feature, undefined);
      this.#throw((levers) => levers.throwSwitch(feature, { position: 'on' }));
    });
  }

  /** With what they have, and with what they had before. */
  #tryAgain(person: Viewer, dice: Dice): void {
    const { timeline, cameras } = this.#world;
    const own = cameras.filter(
      ({ name }) => this.#world.truth.grantNow(person.name, name, timeline.nowMs) !== undefined,
    );
    if (own.length === 0) return;
    const { name, node } = dice.pick(own);
    timeline.after(dice.between(1, 2_000), () => person.watch(name, node));
  }

  #throw(throwIt: (levers: RelayLevers) => Promise<unknown>): void {
    const all = [this.#desk, ...this.#world.nodes.flatMap(({ levers }) => (levers === undefined ? [] : [levers]))];
    for (const levers of all) throwIt(levers).catch((error: unknown) => this.#world.checker.internal(error));
    this.#world.count('levers thrown');
    this.#world.checker.thrown();
  }
}

/** A disk that keeps what was thrown for as long as its world lasts. */
function memoryStore(): LeverStore {
  const lines = new Map<string, KeptLevers['lines'][number]>();
  const quarantined = new Map<KeptLevers['quarantined'] extends ReadonlyMap<infer Key, number> ? Key : never, number>();
  const switches = new Map<Feature, SwitchPosition>();
  let times = { everybodysMs: 0, forgottenMs: 0, tokenAgeMs: 0 };
  return {
    load: () => ({ lines: [...lines.values()], ...times, quarantined, switches }),
    revoked(line, of) {
      if (line !== undefined) lines.set(line.of === 'bearer' ? `bearer ${line.bearer}` : `token ${line.tokenId}`, line);
      times = of;
    },
    quarantined: (device, ms) => void quarantined.set(device, ms),
    released: (device) => void quarantined.delete(device),
    switched: (feature, position) => void switches.set(feature, position),
    close() {},
  };
}
