import { limits } from '../base/index.ts';
import type { Mark } from './marks.ts';
import { claimsOf } from './messages.ts';
import type { Owners } from './owners.ts';

/** Something of one pair came to another. A relay that keeps its promise makes none, ever. */
export interface Crossing {
  /** Who saw it: a camera by its device, or a viewer by its subject. */
  readonly at: string;
  readonly what: string;
}

/** Every crossing of a run is counted; the first `limits.stormCrossingsToldMax` are kept and told. */
export class Crossings {
  readonly told: Crossing[] = [];
  readonly #tell: (crossing: Crossing) => void;
  #total = 0;

  constructor(tell: (crossing: Crossing) => void) {
    this.#tell = tell;
  }

  get total(): number {
    return this.#total;
  }

  add(at: string, what: string): void {
    this.#total += 1;
    if (this.told.length >= limits.stormCrossingsToldMax) return;
    const crossing = { at, what };
    this.told.push(crossing);
    this.#tell(crossing);
  }
}

/** What is wrong with an offer that came to the camera `device`; undefined: it is its own, and of somebody who may see it. */
export function offerFault(mark: Mark | undefined, device: string, owners: Pick<Owners, 'maySee'>): string | undefined {
  if (mark === undefined) return 'an offer that nobody of this run made, or that was changed on its way';
  if (mark.kind !== 'offer') return `an answer of ${mark.device} in the place of an offer`;
  if (mark.device !== device) return `an offer of ${mark.subject} to ${mark.device}`;
  return owners.maySee(mark.subject, device) ? undefined : `an offer of ${mark.subject}, who may not see it`;
}

/** What is wrong with a grant beside an offer of that mark; undefined: it says what the offer says. */
export function grantFault(grant: string, mark: Mark, session: string, fingerprint: string): string | undefined {
  const claims = claimsOf(grant);
  if (claims === undefined) return 'a grant that cannot be read';
  if (claims.device !== mark.device) return `a grant for the device ${String(claims.device)}`;
  if (claims.sub !== mark.subject)
    return `a grant for the subject ${String(claims.sub)}, with the offer of ${mark.subject}`;
  if (claims.sid !== session) return 'a grant for another session';
  const { fingerprints } = claims;
  const names = Array.isArray(fingerprints) && fingerprints.length === 1 && fingerprints[0] === fingerprint;
  return names ? undefined : 'a grant for another certificate';
}

/** What is wrong with an answer that came for `asked`; undefined: it is the one that was asked for. */
export function answerFault(mark: Mark | undefined, asked: Mark): string | undefined {
  if (mark === undefined)
    return `an answer for ${asked.device} that nobody of this run made, or that was changed on its way`;
  if (mark.kind !== 'answer') return `an offer of ${mark.subject} in the place of an answer`;
  if (mark.device !== asked.device) return `an answer of ${mark.device}, asked for ${asked.device}`;
  if (mark.subject !== asked.subject) return `an answer of ${mark.device} for ${mark.subject}`;
  return mark.question === asked.question ? undefined : `an answer of ${mark.device} to another question`;
}
