import { createHmac, type KeyObject, timingSafeEqual } from 'node:crypto';
import { type DeviceId, deviceId, isRecord, limits, type SubjectId, subjectId } from '../base/index.ts';
import { joinFields } from './fields.ts';
import { type OwnershipAnswer, type OwnershipQuestion, type Role, roles } from './source.ts';

/**
 * What a relay and a maker's own service say to each other. Every message carries the HMAC-SHA-256 (RFC 2104) of its fields, each behind
 * its length, the first of which says what kind of message it is: so none passes for another.
 */
export const labels = {
  question: 'latchkey ownership question 1',
  answer: 'latchkey ownership answer 1',
  devices: 'latchkey ownership devices 1',
} as const;

/** What a relay asks: of one device, or, without one, of all of a subject. */
export interface ServiceQuestion {
  readonly subject: SubjectId;
  readonly device: DeviceId | undefined;
  /** 128 random bits in base64url, of which the answer must name the same. */
  readonly nonce: string;
  /** Milliseconds since the epoch. */
  readonly askedMs: number;
}

/** The body of a question and its MAC. */
export function writeQuestion(question: ServiceQuestion, key: KeyObject): { body: string; mac: string } {
  const { subject, device, nonce, askedMs } = question;
  const ask = device === undefined ? 'devices' : 'device';
  const fields = [labels.question, ask, subject, device ?? '', nonce, `${askedMs}`];
  const limit = device === undefined ? { limit: limits.devicesPerSubjectMax } : { device };
  return { body: JSON.stringify({ ask, subject, ...limit, nonce, askedMs }), mac: macOf(key, fields) };
}

/** Why a text was not believed: it is no answer, or none of those who have a key wrote it. */
export type Unbelieved = 'malformed' | 'mac';

/** Reads an answer about one device, and which question it belongs to. */
export function readDeviceAnswer(
  text: string,
  keys: readonly KeyObject[],
): { readonly nonce: string; readonly answer: OwnershipAnswer } | Unbelieved {
  const said = readObject(text);
  const { subject, nonce, version, mac } = said ?? {};
  const question = readQuestion(subject, said?.device);
  const grant = readGrant(said);
  if (question === undefined || grant === undefined || !isNonce(nonce) || !isVersion(version)) return 'malformed';
  const fields = [labels.answer, question.subject, question.device, nonce, ...grantFields(grant), version];
  return isSealed(mac, fields, keys) ? { nonce, answer: { ...question, ...grant, version } } : 'mac';
}

/** Reads an answer with all devices of a subject, ordered by device: `limits.devicesPerSubjectMax` at most, each once. */
export function readDevicesAnswer(
  text: string,
  keys: readonly KeyObject[],
): { readonly nonce: string; readonly subject: SubjectId; readonly answers: OwnershipAnswer[] } | Unbelieved {
  const said = readObject(text);
  const { subject, nonce, version, mac, devices } = said ?? {};
  if (!isNonce(nonce) || !isVersion(version)) return 'malformed';
  if (!Array.isArray(devices) || devices.length > limits.devicesPerSubjectMax) return 'malformed';
  const lines = devices.map((each: unknown) => readLine(subject, each));
  const known = lines.filter((line) => line !== undefined);
  const owner = readQuestion(subject, 'any');
  if (owner === undefined || known.length < lines.length) return 'malformed';
  if (new Set(known.map(({ device }) => device)).size < known.length) return 'malformed';
  const fields = known.flatMap((line) => [line.device, ...grantFields(line)]);
  const all = [labels.devices, owner.subject, nonce, version, `${known.length}`, ...fields];
  if (!isSealed(mac, all, keys)) return 'mac';
  const answers = known.map((line) => ({ ...line, version })).sort((a, b) => (a.device < b.device ? -1 : 1));
  return { nonce, subject: owner.subject, answers };
}

/** For the service's side as well: the MAC of a list of fields, in base64url. */
export function macOf(key: KeyObject, fields: readonly string[]): string {
  return createHmac('sha256', key).update(joinFields(fields)).digest('base64url');
}

interface Said {
  readonly role: Role | undefined;
  readonly notAfterMs: number | undefined;
}

function grantFields({ role, notAfterMs }: Said): string[] {
  return [role ?? '', notAfterMs === undefined ? '' : `${notAfterMs}`];
}

function readLine(subject: unknown, said: unknown): (OwnershipQuestion & Said) | undefined {
  if (typeof said !== 'object' || said === null) return undefined;
  const line = said as Record<string, unknown>;
  const question = readQuestion(subject, line.device);
  const grant = readGrant(line);
  if (question === undefined || grant?.role === undefined) return undefined;
  return { ...question, ...grant };
}

/** A role that is `null` refuses; one that is missing or unknown is no answer. */
function readGrant(said: Record<string, unknown> | undefined): Said | undefined {
  const role = roles.find((known) => known === said?.role);
  if (said === undefined || (role === undefined && said.role !== null)) return undefined;
  const { notAfterMs = null } = said;
  if (notAfterMs === null) return { role, notAfterMs: undefined };
  if (typeof notAfterMs !== 'number' || !Number.isSafeInteger(notAfterMs) || notAfterMs < 0) return undefined;
  return { role, notAfterMs };
}

function readQuestion(subject: unknown, device: unknown): OwnershipQuestion | undefined {
  if (typeof subject !== 'string' || typeof device !== 'string') return undefined;
  try {
    return { subject: subjectId(subject), device: deviceId(device) };
  } catch {
    return undefined;
  }
}

function readObject(text: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return isRecord(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

function isNonce(value: unknown): value is string {
  return typeof value === 'string' && /^[\w-]{22}$/.test(value);
}

/** Printable ASCII, so that its length is the same in every language. */
function isVersion(value: unknown): value is string {
  return typeof value === 'string' && value.length <= limits.sourceVersionCharactersMax && /^[\x21-\x7e]+$/.test(value);
}

function isSealed(mac: unknown, fields: readonly string[], keys: readonly KeyObject[]): boolean {
  if (typeof mac !== 'string') return false;
  const said = Buffer.from(mac);
  return keys.some((key) => {
    const right = Buffer.from(macOf(key, fields));
    return said.length === right.length && timingSafeEqual(said, right);
  });
}
