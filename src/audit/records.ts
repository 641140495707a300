import { canonical, digest, type JsonObject } from './canonical.ts';

/** Everything that the record can say. */
export const recordKinds = [
  'run-started',
  'run-ended',
  'run-lost',
  'session-started',
  'media-started',
  'session-extended',
  'session-reproved',
  'session-moved',
  'session-ended',
  'session-lost',
  'refused',
  'refusals-joined',
  'strangers-refused',
  'operator',
  'erased',
  'names-dropped',
  'pruned',
  'gap',
  'chain-broken',
] as const;
export type RecordKind = (typeof recordKinds)[number];

/** Whose name it is. `target`: what an operator's act was aimed at. */
export const nameParts = ['subject', 'device', 'target'] as const;
export type NamePart = (typeof nameParts)[number];

/** A name, and what is known of it that would give it away: it lies beside the chain, and can be erased. */
export interface NewName {
  readonly part: NamePart;
  readonly name: string;
  /** Canonical JSON. */
  readonly details: string;
}

/** What is to be written. The body is canonical JSON and names nobody. */
export interface NewRecord {
  readonly kind: RecordKind;
  /** Milliseconds since the epoch. */
  readonly atMs: number;
  /** The live view that it is about, or the refusal that it is or counts on; empty where it stands alone. */
  readonly session: string;
  readonly body: string;
  readonly names: readonly NewName[];
}

/** A name that is still there, with the salt under which it was sealed. */
export interface KeptName extends NewName {
  readonly salt: Uint8Array;
}

/** A record of the chain. `seals` is canonical JSON: the seal of each name by its part, in hexadecimal. */
export interface ChainedRecord {
  readonly seq: number;
  readonly atMs: number;
  readonly kind: string;
  readonly session: string;
  readonly body: string;
  readonly seals: string;
  readonly previous: Uint8Array;
  readonly hash: Uint8Array;
  /** What has not been erased. */
  readonly names: readonly KeptName[];
}

export function newRecord(
  kind: RecordKind,
  atMs: number,
  body: JsonObject,
  { session = '', names = [] }: { readonly session?: string; readonly names?: readonly NewName[] } = {},
): NewRecord {
  return { kind, atMs, session, body: canonical(body), names };
}

export function newName(part: NamePart, name: string, details: JsonObject = {}): NewName {
  return { part, name, details: canonical(details) };
}

/** The hash of a record, over everything in it but the hash itself, and over the hash before it. */
export function hashOf(record: Omit<ChainedRecord, 'hash' | 'names'>): Buffer {
  const { seq, previous, atMs, kind, session, body, seals } = record;
  return digest('latchkey audit record 1', [seq, previous, atMs, kind, session, body, seals]);
}

/** What stands in the chain for a name. Without its salt nobody can tell whose it was, not even by trying all names. */
export function sealOf({ part, name, details, salt }: KeptName): string {
  return digest('latchkey audit name 1', [salt, part, name, details]).toString('hex');
}

/** What the first record follows: the key that signs the chain. */
export function genesisOf(publicKey: string): Buffer {
  return digest('latchkey audit genesis 1', [publicKey]);
}
