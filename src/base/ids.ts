import { LatchkeyError } from './errors.ts';
import { limits } from './limits.ts';
import type { RandomSource } from './random.ts';

declare const brand: unique symbol;

/** The name of a camera: the subject of its own token. */
export type DeviceId = string & { readonly [brand]: 'DeviceId' };
/** The name of a person: the subject of a viewer's token, behind its issuer's namespace. */
export type SubjectId = string & { readonly [brand]: 'SubjectId' };
/** The name of one live view. Knowing it proves nothing. */
export type SessionId = string & { readonly [brand]: 'SessionId' };

const printable = /^[A-Za-z0-9][A-Za-z0-9._:@|-]*$/;

/** Reads a device id: 1 to 128 of `A-Z a-z 0-9 . _ : @ | -`, beginning with a letter or digit. Throws `id-invalid`. */
export function deviceId(text: string): DeviceId {
  return bounded(text, limits.deviceIdCharactersMax, 'device') as DeviceId;
}

/** Reads a subject id: 1 to 256 characters of the same alphabet. Throws `id-invalid`. */
export function subjectId(text: string): SubjectId {
  return bounded(text, limits.subjectIdCharactersMax, 'subject') as SubjectId;
}

/** Makes a session id of 128 random bits. */
export function newSessionId(random: RandomSource): SessionId {
  return random.bytes(16).toString('base64url') as SessionId;
}

/** Whether two ids are equal. Ids are compared whole, never by prefix or pattern. */
export function sameId<Id extends DeviceId | SubjectId | SessionId>(a: Id, b: Id): boolean {
  return a === b;
}

function bounded(text: string, charactersMax: number, what: string): string {
  if (typeof text !== 'string' || text.length > charactersMax || !printable.test(text)) {
    throw new LatchkeyError('id-invalid', `a ${what} id has 1 to ${charactersMax} letters, digits or . _ : @ | -`);
  }
  return text;
}
