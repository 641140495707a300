import { type EndReason, type ErrorCode, LatchkeyError } from '../base/index.ts';
import type { VerifiedPair } from './verified-pair.ts';

/** What may stand against a pair that is proven: its token was taken back, its camera is out of service, or what it is for is off. */
export type Objection = Extract<EndReason, 'signed-out' | 'quarantined' | 'switched-off'>;

/** What an operator has thrown, asked anew each time, and answered at once. */
export interface PairRules {
  /** What stands against this pair now. */
  against(pair: VerifiedPair): Objection | undefined;
}

/** The code by which whoever asks with such a pair is refused. */
export const objectionCodes: Readonly<Record<Objection, ErrorCode>> = {
  'signed-out': 'token-revoked',
  quarantined: 'device-quarantined',
  'switched-off': 'switched-off',
};

/** What such a code says of a session; undefined for any other. */
export function objectionOf(code: ErrorCode): Objection | undefined {
  return objections.find((objection) => objectionCodes[objection] === code);
}

const objections = Object.keys(objectionCodes) as Objection[];

/** Throws `token-revoked`, `device-quarantined` or `switched-off` where something stands against the pair. */
export function demandUnopposed(rules: PairRules, pair: VerifiedPair): void {
  const objection = rules.against(pair);
  if (objection !== undefined) throw new LatchkeyError(objectionCodes[objection]);
}

/** For relays on which nothing is ever thrown. */
export const noObjections: PairRules = { against: () => undefined };
