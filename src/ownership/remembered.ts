import type { DeviceId, SubjectId } from '../base/index.ts';
import { type OwnershipAnswer, roles } from './source.ts';

/** An answer of one source in one revision, and until when it is good. */
export interface Remembered {
  readonly answer: OwnershipAnswer;
  readonly source: string;
  readonly revision: string;
  /** From when on it is forgotten, in milliseconds since the epoch. */
  readonly expiresAtMs: number;
}

/** What is sealed of it, in an order that never changes. */
export function fieldsOf({ answer, source, revision, expiresAtMs }: Remembered): string[] {
  const { subject, device, role = '', notAfterMs = '', version } = answer;
  return [subject, device, role, `${notAfterMs}`, version, source, revision, `${expiresAtMs}`];
}

/** The same, back from its fields. Undefined for fields that are not those of an answer. */
export function rememberedFrom(fields: readonly string[]): Remembered | undefined {
  if (fields.length !== 8) return undefined;
  const [subject = '', device = '', role = '', end = '', version = '', source = '', revision = '', expiry = ''] =
    fields;
  const known = roles.find((each) => each === role);
  const notAfterMs = end === '' ? undefined : Number(end);
  const expiresAtMs = Number(expiry);
  if (known === undefined && role !== '') return undefined;
  if (notAfterMs !== undefined && !Number.isFinite(notAfterMs)) return undefined;
  if (expiry === '' || !Number.isFinite(expiresAtMs)) return undefined;
  const question = { subject: subject as SubjectId, device: device as DeviceId };
  return { answer: { ...question, role: known, notAfterMs, version }, source, revision, expiresAtMs };
}
