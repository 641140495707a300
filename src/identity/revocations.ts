import { type DeviceId, limits, type SubjectId } from '../base/index.ts';
import type { TokenEvidence } from './verified.ts';

/** Whose a token is: a viewer’s subject, or a camera’s device. Both are the subject of a token, so one word names either. */
export type Bearer = SubjectId | DeviceId;

/** What was taken back before its time. */
export interface Revocations {
  /**
   * The bearer's epoch, in milliseconds since the Unix epoch: each of its tokens that was issued before is void, and so is every
   * ticket that was made in another epoch. 0 where nothing was taken back.
   */
  epochOf(bearer: Bearer): number;
  /** Whether a token was taken back: by its bearer's epoch, or by its own id. */
  isVoid(bearer: Bearer, token: Pick<TokenEvidence, 'issuedAtMs' | 'tokenId'>): boolean;
}

/** One line of the table. Times are in milliseconds since the Unix epoch. */
export type RevocationLine =
  | { readonly of: 'bearer'; readonly bearer: Bearer; readonly issuedBeforeMs: number }
  | { readonly of: 'token'; readonly tokenId: string; readonly issuedBeforeMs: number };

/** What takes things back. Times are in milliseconds since the Unix epoch; all throw a TypeError for what is none. */
export interface RevocationTable extends Revocations {
  /** Voids what was issued to `bearer` before `issuedBeforeMs`. An earlier time than one before does nothing. */
  revoke(bearer: Bearer, issuedBeforeMs: number): void;
  /** Voids the token of that `jti`, whoever issued it, and every ticket that rests on it. It was issued before `issuedBeforeMs`. */
  revokeToken(tokenId: string, issuedBeforeMs: number): void;
  /** Voids whatever was issued before. Lines that say less are gone then. */
  revokeAll(issuedBeforeMs: number): void;
  /** Drops the lines of what was issued before that time: for when nothing that old can be alive. */
  forget(issuedBeforeMs: number): void;
  /** What is void of everybody's. */
  readonly everybodysMs: number;
  readonly lines: readonly RevocationLine[];
  /** Another table that says the same, and goes its own way from here. */
  copy(): RevocationTable;
  /** Bearers that have an epoch of their own, and token ids. */
  readonly size: number;
}

/**
 * A table in memory of at most `linesMax` bearers and as many token ids. One more and the oldest line becomes everybody's: too much
 * is taken back then, and never too little. Whoever is hit needs a token that was issued since.
 */
export function createRevocations(linesMax: number = limits.revocationsMax): RevocationTable {
  return tableOf(linesMax, new Map(), new Map(), 0);
}

function tableOf(
  linesMax: number,
  bearers: Map<Bearer, number>,
  tokens: Map<string, number>,
  beforeMs: number,
): RevocationTable {
  let everybodysMs = beforeMs;

  function forget(issuedBeforeMs: number): void {
    for (const [bearer, ms] of bearers) if (ms <= issuedBeforeMs) bearers.delete(bearer);
    for (const [tokenId, ms] of tokens) if (ms <= issuedBeforeMs) tokens.delete(tokenId);
  }

  function revokeAll(issuedBeforeMs: number): void {
    demandTime(issuedBeforeMs);
    if (issuedBeforeMs <= everybodysMs) return;
    everybodysMs = issuedBeforeMs;
    forget(issuedBeforeMs);
  }

  /** The latest line is the last, so that the oldest is the first. */
  function put<Key>(table: Map<Key, number>, key: Key, issuedBeforeMs: number): void {
    demandTime(issuedBeforeMs);
    const ms = Math.max(table.get(key) ?? 0, issuedBeforeMs);
    if (ms <= everybodysMs) return;
    table.delete(key);
    table.set(key, ms);
    if (table.size <= linesMax) return;
    const [oldest] = table.values();
    if (oldest !== undefined) revokeAll(oldest);
  }

  function epochOf(bearer: Bearer): number {
    return Math.max(everybodysMs, bearers.get(bearer) ?? 0);
  }

  return {
    get size() {
      return bearers.size + tokens.size;
    },
    get everybodysMs() {
      return everybodysMs;
    },
    get lines() {
      return [
        ...[...bearers].map(([bearer, issuedBeforeMs]) => ({ of: 'bearer', bearer, issuedBeforeMs }) as const),
        ...[...tokens].map(([tokenId, issuedBeforeMs]) => ({ of: 'token', tokenId, issuedBeforeMs }) as const),
      ];
    },
    copy: () => tableOf(linesMax, new Map(bearers), new Map(tokens), everybodysMs),
    epochOf,
    isVoid: (bearer, { issuedAtMs, tokenId }) =>
      issuedAtMs < epochOf(bearer) || (tokenId !== undefined && tokens.has(tokenId)),
    revoke: (bearer, issuedBeforeMs) => put(bearers, bearer, issuedBeforeMs),
    revokeToken: (tokenId, issuedBeforeMs) => put(tokens, tokenId, issuedBeforeMs),
    revokeAll,
    forget,
  };
}

function demandTime(ms: number): void {
  if (!Number.isFinite(ms) || ms < 0) throw new TypeError('A revocation has a time, in milliseconds since the epoch.');
}
