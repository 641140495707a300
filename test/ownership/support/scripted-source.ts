import { type DeviceId, deviceId, type SubjectId, subjectId } from '../../../src/base/index.ts';
import type {
  OwnershipAnswer,
  OwnershipChange,
  OwnershipQuestion,
  OwnershipSource,
  Role,
} from '../../../src/ownership/index.ts';

/** A good answer to a question. */
export function granting(question: OwnershipQuestion, role: Role = 'owner', notAfterMs?: number): OwnershipAnswer {
  return { ...question, role, notAfterMs, version: '1' };
}

export function refusing(question: OwnershipQuestion): OwnershipAnswer {
  return { ...question, role: undefined, notAfterMs: undefined, version: '1' };
}

export function questionOf(subject: string, device: string): { subject: SubjectId; device: DeviceId } {
  return { subject: subjectId(subject), device: deviceId(device) };
}

/** A source that says what a test tells it to, and remembers what it was asked. */
export class ScriptedSource implements OwnershipSource {
  readonly name: string;
  readonly asked: string[] = [];
  answer: (question: OwnershipQuestion, signal: AbortSignal) => unknown = (question) => granting(question);
  list: (subject: SubjectId, signal: AbortSignal) => unknown = () => [];
  closed = 0;
  readonly #listeners = new Set<(change: OwnershipChange) => void>();

  constructor(name = 'scripted') {
    this.name = name;
  }

  async ask(question: OwnershipQuestion, signal: AbortSignal): Promise<OwnershipAnswer> {
    this.asked.push(`${question.subject} ${question.device}`);
    return (await this.answer(question, signal)) as OwnershipAnswer;
  }

  async devicesOf(subject: SubjectId, signal: AbortSignal): Promise<OwnershipAnswer[]> {
    this.asked.push(subject);
    return (await this.list(subject, signal)) as OwnershipAnswer[];
  }

  changes(listener: (change: OwnershipChange) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Tells of a change, as a source does that knows of it. */
  tell(change: OwnershipChange): void {
    for (const listener of this.#listeners) listener(change);
  }

  get listeners(): number {
    return this.#listeners.size;
  }

  async close(): Promise<void> {
    this.closed += 1;
  }
}
