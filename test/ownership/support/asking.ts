import { deviceId } from '../../../src/base/index.ts';
import {
  createOwnership,
  type OwnershipSettings,
  type OwnershipSource,
  type SealedStore,
  type SharedCache,
} from '../../../src/ownership/index.ts';
import { codeOf } from '../../support/codes.ts';
import { ManualClock } from '../../support/manual-clock.ts';
import { viewerProof } from '../../support/proofs.ts';
import { seededRandom } from '../../support/seeded-random.ts';
import { ScriptedSource } from './scripted-source.ts';

export const cacheSettings: OwnershipSettings = { entriesMax: 100, grantMsMax: 5_000, refusalMsMax: 1_000 };

interface Parts<Source extends OwnershipSource> {
  readonly source?: Source;
  readonly store?: SealedStore;
  readonly shared?: SharedCache;
  readonly settings?: Partial<OwnershipSettings>;
  readonly clock?: ManualClock;
}

/** Ownership over a source of a test's choice, and everything that it tells. */
export function asking<Source extends OwnershipSource = ScriptedSource>(parts: Parts<Source> = {}) {
  const clock = parts.clock ?? new ManualClock();
  const source = parts.source ?? (new ScriptedSource() as OwnershipSource as Source);
  const alarms: string[] = [];
  const told: string[] = [];
  const ownership = createOwnership(
    source,
    { ...cacheSettings, ...parts.settings },
    {
      clock,
      random: seededRandom(7),
      ...(parts.store === undefined ? {} : { store: parts.store }),
      ...(parts.shared === undefined ? {} : { shared: parts.shared }),
    },
    {
      alarm: (kind) => alarms.push(kind),
      answered: (outcome, from, ms) => told.push(`${outcome} ${from} ${ms}`),
    },
  );
  const may = (subject: string, device: string) =>
    ownership.may(viewerProof(subject, clock.now(), Number.MAX_SAFE_INTEGER), deviceId(device));
  return {
    clock,
    source,
    alarms,
    told,
    ownership,
    may,
    /** The code of the refusal, or `done`. */
    codeFor: (subject: string, device: string) => codeOf(may(subject, device)),
    devices: async (subject: string) =>
      (await ownership.devices(viewerProof(subject, clock.now(), Number.MAX_SAFE_INTEGER))).map(
        (proof) => proof.device,
      ),
  };
}
