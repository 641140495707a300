import type { DeviceId, SubjectId } from '../base/index.ts';
import type { OwnershipAnswer, OwnershipQuestion, Role } from './source.ts';

const mint = Symbol('ownership.mint');

/** Proof that a source said yes to exactly this question. Made in this file's mint and nowhere else. */
export class OwnershipProof {
  readonly #minted = true;
  readonly #era: number;
  readonly subject: SubjectId;
  readonly device: DeviceId;
  readonly role: Role;
  /** When the answer ends by itself (a time-limited share), in milliseconds since the epoch. */
  readonly notAfterMs: number | undefined;
  readonly source: string;
  readonly version: string;

  constructor(key: symbol, answer: OwnershipAnswer & { role: Role }, source: string, era: number) {
    if (key !== mint) throw new TypeError('An OwnershipProof is made from a source’s answer, and in no other way.');
    this.subject = answer.subject;
    this.device = answer.device;
    this.role = answer.role;
    this.notAfterMs = answer.notAfterMs;
    this.source = source;
    this.version = answer.version;
    this.#era = era;
    Object.freeze(this);
  }

  /** Whether `value` is a real proof, whatever its type says. */
  static is(value: unknown): value is OwnershipProof {
    return typeof value === 'object' && value !== null && #minted in value && value.#minted;
  }

  /** For this room alone: how many changes the source had told of when it was asked. */
  static eraOf(proof: OwnershipProof): number {
    return proof.#era;
  }
}

/**
 * For this room alone: makes a proof of an answer that grants, is in force at `nowMs`, and answers exactly the question.
 * Returns undefined where any of the three fails; the caller says which alarm that is.
 */
export function mintProof(
  question: OwnershipQuestion,
  answer: OwnershipAnswer,
  source: string,
  nowMs: number,
  era = 0,
): OwnershipProof | undefined {
  const { role } = answer;
  if (answer.subject !== question.subject || answer.device !== question.device) return undefined;
  if (role !== 'owner' && role !== 'viewer') return undefined;
  if (answer.notAfterMs !== undefined && !(answer.notAfterMs > nowMs)) return undefined;
  return new OwnershipProof(mint, { ...answer, role }, source, era);
}
