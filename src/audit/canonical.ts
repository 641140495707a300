import { createHash } from 'node:crypto';

export type Json = string | number | boolean | null | readonly Json[] | JsonObject;
/** A member that is undefined is not there. */
export interface JsonObject {
  readonly [name: string]: Json | undefined;
}

/** The one text of a value: members in the order of their names, no space. Throws a TypeError for a number that JSON has not. */
export function canonical(value: Json): string {
  if (typeof value === 'number' && !Number.isFinite(value)) throw new TypeError('A record has finite numbers alone.');
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  if (isList(value)) return `[${value.map(canonical).join(',')}]`;
  const members = Object.entries(value)
    .filter((member): member is [string, Json] => member[1] !== undefined)
    .sort(([a], [b]) => (a < b ? -1 : 1));
  return `{${members.map(([name, member]) => `${JSON.stringify(name)}:${canonical(member)}`).join(',')}}`;
}

/** The object that a text is; undefined where it is none, or is written in another way than `canonical` does. */
export function readCanonical(text: string): JsonObject | undefined {
  try {
    const value: Json = JSON.parse(text);
    if (typeof value !== 'object' || value === null || isList(value)) return undefined;
    return canonical(value) === text ? value : undefined;
  } catch {
    // No JSON, a number beyond all that there are, or deeper than this thread's stack.
    return undefined;
  }
}

/** SHA-256 over a purpose and parts, each behind its length: no two lists of parts are the same bytes. */
export function digest(purpose: string, parts: readonly (string | Uint8Array | number)[]): Buffer {
  const hash = createHash('sha256');
  for (const part of [purpose, ...parts]) {
    const bytes = bytesOf(part);
    hash.update(lengthOf(bytes)).update(bytes);
  }
  return hash.digest();
}

/** The same parts as one stretch of bytes, for a signature. */
export function joined(purpose: string, parts: readonly (string | Uint8Array | number)[]): Buffer {
  return Buffer.concat(
    [purpose, ...parts].flatMap((part) => {
      const bytes = bytesOf(part);
      return [lengthOf(bytes), bytes];
    }),
  );
}

function bytesOf(part: string | Uint8Array | number): Uint8Array {
  if (typeof part === 'string') return Buffer.from(part, 'utf8');
  if (typeof part !== 'number') return part;
  const bytes = Buffer.alloc(8);
  bytes.writeDoubleBE(part);
  return bytes;
}

function lengthOf(bytes: Uint8Array): Buffer {
  const length = Buffer.alloc(4);
  length.writeUInt32BE(bytes.length);
  return length;
}

function isList(value: object): value is readonly Json[] {
  return Array.isArray(value);
}
