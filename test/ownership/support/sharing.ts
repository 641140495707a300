import { deviceId, Redacted } from '../../../src/base/index.ts';
import {
  createOwnership,
  createSharedCache,
  type OwnershipSettings,
  type SharedStore,
  type SharedStoreObserver,
} from '../../../src/ownership/index.ts';
import { codeOf } from '../../support/codes.ts';
import type { ManualClock } from '../../support/manual-clock.ts';
import { viewerProof } from '../../support/proofs.ts';
import { seededRandom } from '../../support/seeded-random.ts';
import { cacheSettings } from './asking.ts';
import { ScriptedSource } from './scripted-source.ts';

/** A source whose answers relays may share, with a revision that a test sets. */
export class SharedSource extends ScriptedSource {
  readonly sharedAs: string = 'people';
  current = 'r1';

  revision(): string {
    return this.current;
  }
}

interface Parts {
  readonly clock: ManualClock;
  readonly openStore: (observer: SharedStoreObserver) => SharedStore;
  readonly source?: SharedSource;
  readonly settings?: Partial<OwnershipSettings>;
  /** The keys, each as one repeated byte. */
  readonly keys?: readonly number[];
  readonly seed?: number;
}

export const sharedKey = (fill: number) => new Redacted(Buffer.alloc(32, fill));

/** One relay’s ownership behind a shared cache, and everything that it tells. */
export function sharing({ clock, openStore, source = new SharedSource(), settings, keys = [1], seed = 1 }: Parts) {
  const told: string[] = [];
  const alarms: string[] = [];
  const asked: string[] = [];
  const bounds = { ...cacheSettings, ...settings };
  const random = seededRandom(seed);
  const shared = createSharedCache(
    bounds,
    { source, keys: keys.map(sharedKey), openStore, clock, random },
    {
      asked: (outcome) => asked.push(outcome),
      alarm: (kind) => alarms.push(kind),
      state: (state) => told.push(state),
    },
  );
  const answered: string[] = [];
  const ownership = createOwnership(
    source,
    bounds,
    { clock, random, shared },
    { alarm: (kind) => alarms.push(kind), answered: (outcome, from) => answered.push(`${outcome} ${from}`) },
  );
  const may = (subject: string, device: string) =>
    ownership.may(viewerProof(subject, clock.now(), Number.MAX_SAFE_INTEGER), deviceId(device));
  return {
    clock,
    source,
    shared,
    ownership,
    may,
    codeFor: (subject: string, device: string) => codeOf(may(subject, device)),
    told,
    alarms,
    /** What the shared cache made of each question. */
    asked,
    answered,
  };
}
