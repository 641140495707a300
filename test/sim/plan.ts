import type { AdmissionSettings } from '../../src/signaling/index.ts';
import { Dice } from './dice.ts';
import type { RecordKeeping } from './sim-trail.ts';

/** What may go wrong in a world. A class that is on has its own chance to strike each time. */
export const faultClasses = [
  'slow-source',
  'failing-source',
  'mute-source',
  'source-outages',
  'swapping-source',
  'previous-answers',
  'doubled-answers',
  'malformed-answers',
  'forging-cache',
  'swapping-cache',
  'old-cache',
  'failing-cache',
  'slow-identity',
  'mixed-tokens',
  'loss',
  'duplicates',
  'late-datagrams',
  'replays',
  'forged-checks',
  'reused-ports',
  'same-ufrags',
  'slow-cameras',
  'mute-cameras',
  'refusing-cameras',
  'camera-answers-twice',
  'restarting-cameras',
  'forged-tickets',
  'mute-viewers',
  'half-open',
  'slow-media-workers',
  'new-certificates',
  'forged-pairs',
  'crossed-sessions',
] as const;
export type FaultClass = (typeof faultClasses)[number];

export const actionKinds = [
  'watch',
  'leave',
  'extend',
  'restart',
  'roam',
  'drop-viewer',
  'list',
  'transfer',
  'share',
  'unshare',
  'camera-on',
  'camera-drop',
  'camera-roam',
  'twin',
  'intrude',
  'revoke',
  'silent-connection',
  'node-stop',
  'node-kill',
  'sign-out',
  'sign-out-all',
  'take-back',
  'quarantine',
  'switch',
] as const;
export type ActionKind = (typeof actionKinds)[number];

/** Something that somebody does. The numbers pick a person, a camera and whatever else it takes. */
export interface Action {
  readonly atMs: number;
  readonly kind: ActionKind;
  readonly person: number;
  readonly camera: number;
  readonly dice: number;
}

/** A world before it begins: all that its seed decides. What is taken out of it leaves the rest as it was. */
export interface Plan {
  readonly seed: number;
  readonly people: number;
  readonly cameras: number;
  readonly nodes: number;
  readonly durationMs: number;
  /** How long answers are remembered. */
  readonly grantMsMax: number;
  readonly refusalMsMax: number;
  /** Whether the source tells its revision, so that nothing remembered outlives a change. */
  readonly revisions: boolean;
  /** Whether it tells of each change. */
  readonly tellsChanges: boolean;
  readonly admission: AdmissionSettings;
  readonly sessionMsMax: number;
  /** Whether people show tokens again that they have shown before. */
  readonly keepsTokens: boolean;
  readonly records: RecordKeeping;
  readonly faults: readonly FaultClass[];
  readonly actions: readonly Action[];
}

/** How often each kind is drawn. What an operator throws is drawn by itself. */
const weights: Readonly<Partial<Record<ActionKind, number>>> = {
  watch: 30,
  leave: 5,
  extend: 10,
  restart: 5,
  roam: 10,
  'drop-viewer': 4,
  list: 4,
  transfer: 7,
  share: 6,
  unshare: 3,
  'camera-on': 3,
  'camera-drop': 4,
  'camera-roam': 3,
  twin: 3,
  intrude: 8,
  revoke: 2,
  'silent-connection': 1,
  'node-stop': 1,
  'node-kill': 1,
};
const urn = actionKinds.flatMap((kind) => Array.from({ length: weights[kind] ?? 0 }, () => kind));

const levers = ['sign-out', 'sign-out', 'sign-out-all', 'take-back', 'quarantine', 'switch', 'switch'] as const;

const wide: AdmissionSettings = {
  verificationsMax: 32,
  waitingMax: 1_024,
  lagMsMax: 250,
  attempts: undefined,
  failures: undefined,
  registrations: undefined,
};
/** Few at a time, few that wait, and few registrations of one device: everybody is one network here, so there are no bounds on that. */
const narrow: AdmissionSettings = {
  ...wide,
  verificationsMax: 1,
  waitingMax: 3,
  registrations: { perMinute: 6, burst: 3 },
};

export function planOf(seed: number): Plan {
  const dice = new Dice(seed, 'plan');
  const durationMs = dice.between(20_000, 90_000);
  const people = dice.between(3, 6);
  const cameras = dice.between(people, people + 2);
  const grantMsMax = dice.pick([1_000, 4_000, 15_000]);
  const faultiness = dice.pick([0, 0.15, 0.35, 0.6]);
  const rare = new Set<FaultClass>(['crossed-sessions', 'failing-source', 'mute-source', 'failing-cache']);
  const drawn = faultClasses.filter((fault) => {
    return dice.chance(rare.has(fault) ? faultiness / 4 : faultiness);
  });
  // Each of the two breaks a wall; with both broken nothing is left that could hold.
  const faults = drawn.filter((fault) => fault !== 'forged-pairs' || !drawn.includes('crossed-sessions'));
  const actions = Array.from({ length: dice.between(12, 36) }, (): Action => {
    const kind = dice.pick(urn);
    return {
      atMs: 1_500 + dice.between(0, durationMs),
      kind,
      person: dice.between(0, people - 1),
      camera: dice.between(0, cameras - 1),
      dice: dice.between(0, 2 ** 31),
    };
  });
  const revisions = dice.chance(0.4);
  const thrown = leversOf(seed, { durationMs, people, cameras });
  return {
    seed,
    people,
    cameras,
    nodes: dice.chance(0.3) ? 2 : 1,
    durationMs,
    grantMsMax,
    refusalMsMax: dice.pick([0, grantMsMax]),
    revisions,
    tellsChanges: revisions && dice.chance(0.6),
    admission: dice.chance(0.3) ? narrow : wide,
    sessionMsMax: dice.pick([30_000, 120_000]),
    // Of dice of its own: what else a seed decides stays as it is.
    records: new Dice(seed, 'record-keeping').chance(0.05) ? 'slow' : 'at-once',
    faults,
    keepsTokens: thrown.length > 0,
    actions: [...actions, ...thrown].sort((a, b) => a.atMs - b.atMs),
  };
}

/** What an operator throws, in some worlds. It is drawn apart from all else, which is as it would be without. */
function leversOf(
  seed: number,
  { durationMs, people, cameras }: Pick<Plan, 'durationMs' | 'people' | 'cameras'>,
): Action[] {
  const dice = new Dice(seed, 'levers');
  if (!dice.chance(0.35)) return [];
  return Array.from({ length: dice.between(1, 5) }, () => ({
    kind: dice.pick(levers),
    atMs: 2_500 + dice.between(0, durationMs),
    person: dice.between(0, people - 1),
    camera: dice.between(0, cameras - 1),
    dice: dice.between(0, 2 ** 31),
  }));
}
