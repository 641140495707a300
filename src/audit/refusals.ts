import { type Clock, type DeviceId, type ErrorCode, limits, type SubjectId, type Timer } from '../base/index.ts';
import { type NewRecord, newName, newRecord } from './records.ts';

/** A refusal of somebody whose token was verified. */
export interface Refusal {
  readonly subject: SubjectId;
  readonly device: DeviceId;
  readonly code: ErrorCode;
  readonly token: { readonly issuer: string; readonly tokenId: string | undefined };
}

/**
 * Takes down whom the relay refused. The first of its kind is a record at once; what is equal to it within a minute is counted, and so is
 * what one person asks for beyond a number, and what strangers come with: nobody writes as much as they like.
 */
export class Refusals {
  readonly #clock: Clock;
  readonly #append: (record: NewRecord) => void;
  readonly #joined = new Map<string, { readonly refusal: Refusal; more: number }>();
  readonly #people = new Map<SubjectId, { readonly token: Refusal['token']; told: number; more: number }>();
  readonly #strangers = new Map<ErrorCode, number>();
  #others = 0;
  #minute: Timer | undefined;
  #sinceMs = 0;

  constructor(clock: Clock, append: (record: NewRecord) => void) {
    this.#clock = clock;
    this.#append = append;
  }

  refused(refusal: Refusal): void {
    this.#begin();
    const { subject, device, code, token } = refusal;
    const name = `${code} ${subject} ${device}`;
    const known = this.#joined.get(name);
    if (known !== undefined) {
      known.more += 1;
      return;
    }
    const person = this.#people.get(subject) ?? { token, told: 0, more: 0 };
    if (this.#joined.size >= limits.auditRefusalsJoinedMax) this.#others += 1;
    else if (person.told >= limits.auditRefusalsPerSubjectMax) person.more += 1;
    else {
      person.told += 1;
      this.#people.set(subject, person);
      this.#joined.set(name, { refusal, more: 0 });
      this.#append(recordOf(refusal, 1, this.#clock.now()));
    }
  }

  /** Somebody who could not say who they are. */
  stranger(code: ErrorCode): void {
    this.#begin();
    this.#strangers.set(code, (this.#strangers.get(code) ?? 0) + 1);
  }

  /** Writes what was counted. */
  flush(): void {
    this.#minute?.cancel();
    this.#minute = undefined;
    const nowMs = this.#clock.now();
    for (const { refusal, more } of this.#joined.values()) {
      if (more > 0) this.#append(recordOf(refusal, more, nowMs));
    }
    for (const [subject, { token, more }] of this.#people) {
      if (more === 0) continue;
      const names = [newName('subject', subject, { issuer: token.issuer, tokenId: token.tokenId })];
      this.#append(newRecord('refusals-joined', nowMs, { sinceMs: this.#sinceMs, count: more }, { names }));
    }
    if (this.#others > 0) {
      this.#append(newRecord('refusals-joined', nowMs, { sinceMs: this.#sinceMs, count: this.#others }));
    }
    if (this.#strangers.size > 0) {
      const codes = Object.fromEntries(this.#strangers);
      this.#append(newRecord('strangers-refused', nowMs, { sinceMs: this.#sinceMs, codes }));
    }
    for (const table of [this.#joined, this.#people, this.#strangers]) table.clear();
    this.#others = 0;
  }

  #begin(): void {
    if (this.#minute !== undefined) return;
    this.#sinceMs = this.#clock.now();
    this.#minute = this.#clock.after(limits.auditJoinMs, () => this.flush());
  }
}

function recordOf({ subject, device, code, token }: Refusal, count: number, nowMs: number): NewRecord {
  const names = [
    newName('subject', subject, { issuer: token.issuer, tokenId: token.tokenId }),
    newName('device', device),
  ];
  return newRecord('refused', nowMs, { code, count }, { names });
}
