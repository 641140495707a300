import { limits } from '../../src/base/index.ts';
import { joinFields } from '../../src/ownership/fields.ts';
import { fieldsOf } from '../../src/ownership/remembered.ts';
import type { SharedEntry } from '../../src/ownership/shared-seal.ts';
import type { Dice } from './dice.ts';

const placeBytes = 32;
const nonceBytes = 24;
const tagBytes = 16;

/** An entry that was cut off, or of which one bit is another. */
export function damaged(sealed: string, dice: Dice): string {
  if (dice.chance(0.5)) return sealed.slice(0, dice.between(0, sealed.length - 1));
  const bytes = Buffer.from(sealed, 'base64url');
  const at = dice.between(0, bytes.length - 1);
  bytes[at] = (bytes[at] ?? 0) ^ (1 << dice.between(0, 7));
  return bytes.toString('base64url');
}

/** An entry that says to be at home in another place. */
export function renamed(sealed: string, place: string): string {
  return Buffer.concat([
    Buffer.from(place, 'base64url'),
    Buffer.from(sealed, 'base64url').subarray(placeBytes),
  ]).toString('base64url');
}

/**
 * An entry that says something else, in another place: a stream cipher without its tag lets whoever knows the text put another of the
 * same length in its place. Undefined for a longer one.
 */
export function rewritten(
  sealed: string,
  place: string,
  sharedAs: string,
  known: SharedEntry,
  wanted: SharedEntry,
): string | undefined {
  const bytes = Buffer.from(renamed(sealed, place), 'base64url');
  const hidden = bytes.subarray(placeBytes + nonceBytes, -tagBytes);
  const before = Buffer.from(textOf(sharedAs, known).padEnd(hidden.length));
  const after = Buffer.from(textOf(sharedAs, wanted).padEnd(hidden.length));
  if (after.length > hidden.length || hidden.length % limits.sharedEntryPaddedBytes !== 0) return undefined;
  for (const [at, byte] of hidden.entries()) hidden[at] = byte ^ (before[at] ?? 0) ^ (after[at] ?? 0);
  return bytes.toString('base64url');
}

function textOf(sharedAs: string, entry: SharedEntry): string {
  return joinFields([sharedAs, `${entry.askedAtMs}`, ...fieldsOf(entry)]);
}
