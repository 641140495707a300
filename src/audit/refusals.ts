import { type Clock, type DeviceId, type ErrorCode, limits, type SubjectId, type Timer } from '../base/index.ts';
import type { JsonObject } from './canonical.ts';
import { type NewRecord, newName, newRecord } from './records.ts';

/** A refusal of somebody whose token was verified. */
export interface Refusal {
  readonly subject: SubjectId;
  readonly device: DeviceId;
  readonly code: ErrorCode;
  readonly token: { readonly issuer: string; readonly tokenId: string | undefined };
}

/** What was written of somebody at once. Whatever is counted after it belongs to it, by its id. */
interface Told {
  readonly id: string;
  readonly code: ErrorCode;
  more: number;
}

/**
 * Takes down whom the relay refused. The first of its kind is a record at once; what is equal to it within a minute is counted, and so is
 * what one person asks for beyond a number, and what strangers come with: nobody writes as much as they like. A count names nobody, but
 * belongs to the record that does: a name that is erased there comes back in no count.
 */
export class Refusals {
  readonly #clock: Clock;
  readonly #append: (record: NewRecord) => void;
  readonly #newId: () => string;
  readonly #joined = new Map<string, Told>();
  readonly #people = new Map<SubjectId, { readonly first: string; told: number; more: number }>();
  readonly #strangers = new Map<ErrorCode, number>();
  #others = 0;
  #minute: Timer | undefined;
  #sinceMs = 0;

  /** `newId` gives no two alike. */
  constructor(clock: Clock, append: (record: NewRecord) => void, newId: () => string) {
    this.#clock = clock;
    this.#append = append;
    this.#newId = newId;
  }

  refused(refusal: Refusal): void {
    this.#begin();
    const { subject, device, code } = refusal;
    const name = `${code} ${subject} ${device}`;
    const known = this.#joined.get(name);
    if (known !== undefined) {
      known.more += 1;
      return;
    }
    const id = this.#newId();
    const person = this.#people.get(subject) ?? { first: id, told: 0, more: 0 };
    if (this.#joined.size >= limits.auditRefusalsJoinedMax) this.#others += 1;
    else if (person.told >= limits.auditRefusalsPerSubjectMax) person.more += 1;
    else {
      person.told += 1;
      this.#people.set(subject, person);
      this.#joined.set(name, { id, code, more: 0 });
      this.#append(recordOf(refusal, id, this.#clock.now()));
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
    for (const { id, code, more } of this.#joined.values()) this.#count(more, id, { code });
    for (const { first, more } of this.#people.values()) this.#count(more, first);
    this.#count(this.#others, '');
    if (this.#strangers.size > 0) {
      const codes = Object.fromEntries(this.#strangers);
      this.#append(newRecord('strangers-refused', nowMs, { sinceMs: this.#sinceMs, codes }));
    }
    for (const table of [this.#joined, this.#people, this.#strangers]) table.clear();
    this.#others = 0;
  }

  #count(count: number, session: string, about: JsonObject = {}): void {
    if (count === 0) return;
    const body = { ...about, sinceMs: this.#sinceMs, count };
    this.#append(newRecord('refusals-joined', this.#clock.now(), body, { session }));
  }

  #begin(): void {
    if (this.#minute !== undefined) return;
    this.#sinceMs = this.#clock.now();
    this.#minute = this.#clock.after(limits.auditJoinMs, () => this.flush());
  }
}

function recordOf({ subject, device, code, token }: Refusal, session: string, nowMs: number): NewRecord {
  const names = [
    newName('subject', subject, { issuer: token.issuer, tokenId: token.tokenId }),
    newName('device', device),
  ];
  return newRecord('refused', nowMs, { code, count: 1 }, { session, names });
}
