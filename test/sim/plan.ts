import type { AdmissionSettings } from '../../src/signaling/index.ts';
import { Dice } from './dice.ts';
import type { RecordKeeping } from './sim-trail.ts';

/** What may go wrong in any world. */
const faultsAnywhere = [
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

/** What may go wrong where relays share a cache: with the store that it lies in, and with whoever else writes into that. */
const faultsOfSharing = [
  'forgetful-cache',
  'slow-store',
  'failing-store',
  'swapping-store',
  'doubling-store',
  'old-store',
  'damaging-store',
  'forging-store',
  'foreign-store',
  'longer-bounds',
  'clocks-ahead',
] as const;

/** What may go wrong in a world. A class that is on has its own chance to strike each time. */
export const faultClasses = [...faultsAnywhere, ...faultsOfSharing] as const;
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
  'late-loop',
  'strangers',
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
  /** Whether the nodes share a cache. */
  readonly shares: boolean;
  readonly sessionMsMax: number;
  /** Whether people show tokens again that they have shown before. */
  readonly keepsTokens: boolean;
  readonly records: RecordKeeping;
  readonly faults: readonly FaultClass[];
  readonly actions: readonly Action[];
}

/** How often each kind is drawn. What an operator throws, late loops and strangers are drawn by themselves. */
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
/** Few at a time, few that wait, and few registrations of one device. */
const narrow: AdmissionSettings = {
  ...wide,
  verificationsMax: 1,
  waitingMax: 3,
  registrations: { perMinute: 6, burst: 3 },
};

/** What each address may try, and fail at, where people and cameras have addresses of their own. */
const bounded = {
  attempts: { perMinute: 30, burst: 12 },
  failures: { perMinute: 6, burst: 3 },
  registrations: undefined,
};

export function planOf(seed: number): Plan {
  const dice = new Dice(seed, 'plan');
  const durationMs = dice.between(20_000, 90_000);
  const people = dice.between(3, 6);
  const cameras = dice.between(people, people + 2);
  const grantMsMax = dice.pick([1_000, 4_000, 15_000]);
  const faultiness = dice.pick([0, 0.15, 0.35, 0.6]);
  const rare = new Set<FaultClass>(['crossed-sessions', 'failing-source', 'mute-source', 'failing-cache']);
  const drawn = faultsAnywhere.filter((fault) => {
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
  const whole = { seed, durationMs, people, cameras };
  const thrown = leversOf(whole);
  const strangers = strangersOf(whole);
  const sharing = sharingOf(seed, faultiness);
  const nodes = dice.chance(0.3) ? 2 : 1;
  const refusalMsMax = dice.pick([0, grantMsMax]);
  const tellsChanges = revisions && dice.chance(0.6);
  const admission = dice.chance(0.3) ? narrow : wide;
  return {
    seed,
    people,
    cameras,
    nodes: sharing.nodes ?? nodes,
    durationMs,
    grantMsMax,
    refusalMsMax,
    revisions,
    tellsChanges,
    admission: strangers.length > 0 ? { ...admission, ...bounded } : admission,
    shares: sharing.shares,
    sessionMsMax: dice.pick([30_000, 120_000]),
    // Of dice of its own: what else a seed decides stays as it is.
    records: new Dice(seed, 'record-keeping').chance(0.05) ? 'slow' : 'at-once',
    faults: [...faults, ...sharing.faults],
    keepsTokens: thrown.length > 0,
    actions: [...actions, ...thrown, ...strangers, ...lateLoopsOf(whole)].sort((a, b) => a.atMs - b.atMs),
  };
}

type Whole = Pick<Plan, 'seed' | 'durationMs' | 'people' | 'cameras'>;

/** What an operator throws, in some worlds. It is drawn apart from all else, which is as it would be without. */
function leversOf(whole: Whole): Action[] {
  const dice = new Dice(whole.seed, 'levers');
  return dice.chance(0.35) ? drawnApart(whole, dice, dice.between(1, 5), () => dice.pick(levers)) : [];
}

/** Strangers who try at somebody’s address, in some worlds: there addresses have bounds. */
function strangersOf(whole: Whole): Action[] {
  const dice = new Dice(whole.seed, 'strangers');
  return dice.chance(0.12) ? drawnApart(whole, dice, dice.between(1, 4), () => 'strangers') : [];
}

/** Times at which the event loop of a node is late, in some worlds. */
function lateLoopsOf(whole: Whole): Action[] {
  const dice = new Dice(whole.seed, 'late-loops');
  return dice.chance(0.1) ? drawnApart(whole, dice, dice.between(1, 4), () => 'late-loop') : [];
}

function drawnApart(
  { durationMs, people, cameras }: Whole,
  dice: Dice,
  count: number,
  kindOf: () => ActionKind,
): Action[] {
  return Array.from({ length: count }, () => ({
    kind: kindOf(),
    atMs: 2_500 + dice.between(0, durationMs),
    person: dice.between(0, people - 1),
    camera: dice.between(0, cameras - 1),
    dice: dice.between(0, 2 ** 31),
  }));
}

/** Whether relays share a cache, how many there are then, and what is wrong with it. */
function sharingOf(
  seed: number,
  faultiness: number,
): Pick<Plan, 'shares' | 'faults'> & { readonly nodes: number | undefined } {
  const dice = new Dice(seed, 'sharing');
  if (!dice.chance(0.3)) return { shares: false, faults: [], nodes: undefined };
  const nodes = dice.chance(0.6) ? 2 : 1;
  const faults = faultsOfSharing.filter((fault) => dice.chance(fault === 'forgetful-cache' ? 0.6 : faultiness));
  return { shares: true, faults, nodes };
}
