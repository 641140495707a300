import { type DeviceId, deviceId, type SubjectId, subjectId } from '../../../src/base/index.ts';
import type { OwnershipAnswer, OwnershipQuestion, OwnershipSource, Role } from '../../../src/ownership/index.ts';

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

  async close(): Promise<void> {
    this.closed += 1;
  }
}
