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
  /**
   * Voids the token of that `jti`, whoever issued it, and every ticket that rests on it. It was issued before `issuedBeforeMs`, or up to `aheadMs`
   * later by an issuer's clock that is ahead.
   */
  revokeToken(tokenId: string, issuedBeforeMs: number, aheadMs: number): void;
  /** Voids whatever was issued before. Lines of bearers that say less are gone then; those of tokens, which are void whenever they were issued, stay. */
  revokeAll(issuedBeforeMs: number): void;
  /**
   * Drops the lines of what was issued before that time: for when nothing that old can be alive. Should something be, because tokens may live
   * longer again or the clock was wrong, then it is void, whoever's it is, up to the latest line that was dropped; with `aheadMs`, by which an
   * issuer's clock may be ahead, behind the line of a token, which was void whenever it was issued.
   */
  forget(issuedBeforeMs: number, aheadMs: number): void;
  /** Up to when lines were dropped, here or in a table before this one. */
  readonly forgottenMs: number;
  /** Takes up to when a table before this one has dropped lines. */
  takeForgotten(issuedBeforeMs: number): void;
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
  return tableOf(linesMax, new Map(), new Map(), { everybodysMs: 0, forgottenMs: 0 });
}

function tableOf(
  linesMax: number,
  bearers: Map<Bearer, number>,
  tokens: Map<string, number>,
  before: { readonly everybodysMs: number; readonly forgottenMs: number },
): RevocationTable {
  let { everybodysMs, forgottenMs } = before;

  function forget(issuedBeforeMs: number, aheadMs: number): void {
    drop(bearers, issuedBeforeMs, 0);
    drop(tokens, issuedBeforeMs, aheadMs);
  }

  function drop<Key>(table: Map<Key, number>, issuedBeforeMs: number, aheadMs: number): void {
    for (const [key, ms] of table) {
      if (ms > issuedBeforeMs) continue;
      table.delete(key);
      takeForgotten(ms + aheadMs);
    }
  }

  function takeForgotten(issuedBeforeMs: number): void {
    demandTime(issuedBeforeMs);
    forgottenMs = Math.max(forgottenMs, issuedBeforeMs);
  }

  function revokeAll(issuedBeforeMs: number): void {
    demandTime(issuedBeforeMs);
    if (issuedBeforeMs <= everybodysMs) return;
    everybodysMs = issuedBeforeMs;
    drop(bearers, issuedBeforeMs, 0);
  }

  /** The latest line is the last, so that the oldest is the first. */
  function put<Key>(table: Map<Key, number>, key: Key, issuedBeforeMs: number, aheadMs: number): void {
    const ms = Math.max(table.get(key) ?? 0, issuedBeforeMs);
    table.delete(key);
    table.set(key, ms);
    const [oldest] = table;
    if (table.size <= linesMax || oldest === undefined) return;
    revokeAll(oldest[1]);
    takeForgotten(oldest[1] + aheadMs);
    table.delete(oldest[0]);
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
    get forgottenMs() {
      return forgottenMs;
    },
    copy: () => tableOf(linesMax, new Map(bearers), new Map(tokens), { everybodysMs, forgottenMs }),
    epochOf,
    isVoid: (bearer, { issuedAtMs, tokenId }) =>
      issuedAtMs < Math.max(forgottenMs, epochOf(bearer)) || (tokenId !== undefined && tokens.has(tokenId)),
    revoke(bearer, issuedBeforeMs) {
      demandTime(issuedBeforeMs);
      if (issuedBeforeMs > everybodysMs) put(bearers, bearer, issuedBeforeMs, 0);
    },
    revokeToken(tokenId, issuedBeforeMs, aheadMs) {
      demandTime(issuedBeforeMs);
      put(tokens, tokenId, issuedBeforeMs, aheadMs);
    },
    revokeAll,
    forget,
    takeForgotten,
  };
}

function demandTime(ms: number): void {
  if (!Number.isFinite(ms) || ms < 0) throw new TypeError('A revocation has a time, in milliseconds since the epoch.');
}
