import type { SubjectId } from '../../src/base/index.ts';
import type {
  OwnershipAnswer,
  OwnershipChange,
  OwnershipQuestion,
  OwnershipSource,
  SealedStore,
} from '../../src/ownership/index.ts';
import type { Dice } from './dice.ts';
import type { Faults } from './faults.ts';
import type { Plan } from './plan.ts';
import { sharedAs } from './shared-vault.ts';
import type { ProcessClock } from './timeline.ts';
import type { Truth } from './truth.ts';

/** Whether the source of a world may be slow to answer a question, or give no answer to it. */
export function isUnreliable(faults: Faults): boolean {
  const faulty = ['slow-source', 'failing-source', 'source-outages', 'mute-source', 'swapping-source'] as const;
  return [...faulty, 'doubled-answers' as const, 'malformed-answers' as const].some((fault) => faults.on(fault));
}

/** How old an answer may be that a source gives to the same question once more. */
export const previousMsMax = 1_000;

interface Waiting {
  readonly question: OwnershipQuestion;
  answer(answer: unknown): void;
}

/** A source behind a client library of the kind that mixes things up: it has several questions under way, and may take the answer of one for that of another. */
export class SimSource implements OwnershipSource {
  readonly name = 'simulated';
  readonly revision?: () => string;
  readonly changes?: (listener: (change: OwnershipChange) => void) => () => void;
  readonly sharedAs?: string;
  readonly #truth: Truth;
  readonly #clock: ProcessClock;
  readonly #faults: Faults;
  readonly #dice: Dice;
  readonly #waiting = new Set<Waiting>();
  #downUntilMs = 0;
  /** The revision that it has heard of. */
  #heard = 0;
  #last: { readonly answer: OwnershipAnswer; readonly atMs: number } | undefined;

  constructor(
    truth: Truth,
    clock: ProcessClock,
    faults: Faults,
    dice: Dice,
    { revisions, tellsChanges, shares }: Pick<Plan, 'revisions' | 'tellsChanges' | 'shares'>,
  ) {
    this.#truth = truth;
    this.#clock = clock;
    this.#faults = faults;
    this.#dice = dice;
    if (revisions) this.revision = shares ? this.#heardRevisions(dice.named('revisions')) : () => `${truth.revision}`;
    if (shares) this.sharedAs = sharedAs;
    if (tellsChanges) this.changes = (listener) => this.#tellChanges(listener);
  }

  /**
   * Where several relays ask one source, each hears of a change when the notification comes, within a second; and knows nothing while
   * the source is down.
   */
  #heardRevisions(dice: Dice): () => string {
    this.#heard = this.#truth.revision;
    this.#truth.onChange(() => {
      const revision = this.#truth.revision;
      this.#clock.after(dice.between(0, dice.pick([10, 900])), () => this.#hear(revision));
    });
    return () => {
      if (this.#isDown) throw new Error('the source is down');
      return `${this.#heard}`;
    };
  }

  #hear(revision: number): void {
    this.#heard = Math.max(this.#heard, revision);
  }

  /** Within a second of each, by name or as something that may have changed. */
  #tellChanges(listener: (change: OwnershipChange) => void): () => void {
    return this.#truth.onChange((subject, device) => {
      const revision = this.#truth.revision;
      const change = { subject, device } as OwnershipQuestion;
      const missed = !isUnreliable(this.#faults) && this.#dice.chance(0.2);
      this.#clock.after(this.#dice.between(1, this.#dice.pick([20, 900])), () => {
        this.#mayGoDown(0.5);
        this.#hear(revision);
        listener(missed ? 'everything' : change);
      });
    });
  }

  /** Questions that nobody has answered yet. */
  get pending(): number {
    return this.#waiting.size;
  }

  async ask(question: OwnershipQuestion): Promise<OwnershipAnswer> {
    this.#mayGoDown(0.03);
    if (this.#isDown || this.#faults.strikes('failing-source', 0.3)) throw new Error('the source is down');
    const delayMs = this.#delayMs();
    const early = this.#dice.chance(0.5) && delayMs < 2_000 ? this.#answerTo(question) : undefined;
    return await new Promise<OwnershipAnswer>((resolve, reject) => {
      const waiting: Waiting = {
        question,
        answer: (answer) => {
          if (this.#waiting.delete(waiting)) resolve(answer as OwnershipAnswer);
        },
      };
      this.#waiting.add(waiting);
      const mute = this.#faults.strikes('mute-source', 0.3);
      this.#clock.after(mute ? 60_000 : delayMs, () => {
        if (mute || !this.#waiting.has(waiting)) reject(new Error('the source said nothing'));
        else this.#reply(waiting, early ?? this.#answerTo(question));
        this.#waiting.delete(waiting);
      });
    });
  }

  async devicesOf(subject: SubjectId): Promise<OwnershipAnswer[]> {
    if (this.#isDown || this.#faults.strikes('failing-source', 0.3)) throw new Error('the source is down');
    await this.#clock.wait(this.#delayMs());
    const others = [...this.#waiting].map(({ question }) => question.subject);
    const asked = this.#faults.strikes('swapping-source', 0.5) && others.length > 0 ? this.#dice.pick(others) : subject;
    const cameras = this.#truth.camerasOf(asked, this.#clock.now());
    const answers = cameras.map((device) => this.#answerTo({ subject: asked, device } as OwnershipQuestion));
    const previous = this.#previous({ subject } as OwnershipQuestion);
    if (previous !== undefined && this.#faults.strikes('previous-answers', 0.5)) answers.push(previous);
    return answers;
  }

  async close(): Promise<void> {}

  get #isDown(): boolean {
    return this.#clock.now() < this.#downUntilMs;
  }

  #mayGoDown(probability: number): void {
    if (!this.#faults.strikes('source-outages', probability)) return;
    this.#downUntilMs = this.#clock.now() + this.#dice.between(2_000, 30_000);
  }

  #delayMs(): number {
    return this.#faults.strikes('slow-source', 0.5) ? this.#dice.between(50, 4_500) : this.#dice.between(1, 30);
  }

  #answerTo(question: OwnershipQuestion): OwnershipAnswer {
    const { subject, device } = question;
    const grant = this.#truth.grantNow(subject, device, this.#clock.now());
    return { subject, device, role: grant?.role, notAfterMs: grant?.notAfterMs, version: `${this.#truth.revision}` };
  }

  /**
   * The answer before this one. Of the same person's it is a recent one: an answer does not say when it was true, so that an old
   * one to the same question is as good as a new one, and only a camera with a list of its own could tell.
   */
  #previous({ subject }: OwnershipQuestion): OwnershipAnswer | undefined {
    if (this.#last === undefined) return undefined;
    const isRecent = this.#clock.now() - this.#last.atMs < previousMsMax;
    return isRecent || this.#last.answer.subject !== subject ? this.#last.answer : undefined;
  }

  #reply(waiting: Waiting, answer: OwnershipAnswer): void {
    const others = [...this.#waiting].filter((other) => other !== waiting);
    const previous = this.#previous(waiting.question);
    this.#last = { answer, atMs: this.#clock.now() };
    if (previous !== undefined && this.#faults.strikes('previous-answers', 0.4)) waiting.answer(previous);
    else if (this.#faults.strikes('swapping-source', 0.5) && others.length > 0) {
      const other = this.#dice.pick(others);
      waiting.answer(this.#answerTo(other.question));
      other.answer(answer);
    } else if (this.#faults.strikes('malformed-answers', 0.3)) waiting.answer(this.#dice.pick(malformed(answer)));
    else {
      waiting.answer(answer);
      if (this.#faults.strikes('doubled-answers', 0.5) && others.length > 0) others[0]?.answer(answer);
    }
  }
}

function malformed(answer: OwnershipAnswer): unknown[] {
  return [undefined, null, 'yes', [answer], { ...answer, role: 'admin' }, { ...answer, notAfterMs: Number.NaN }];
}

/** A cache shared by whoever can reach it: it forges, swaps, fails, and remembers what it was told to forget. */
export class SimStore implements SealedStore {
  readonly #faults: Faults;
  readonly #dice: Dice;
  readonly #entries = new Map<string, string[]>();

  constructor(faults: Faults, dice: Dice) {
    this.#faults = faults;
    this.#dice = dice;
  }

  get(key: string): string | undefined {
    if (this.#faults.strikes('failing-cache', 0.3)) throw new Error('the cache is down');
    if (this.#faults.strikes('forgetful-cache', 0.7)) return undefined;
    const all = this.#entries.get(key) ?? [];
    if (this.#faults.strikes('old-cache', 0.5) && all.length > 0) return this.#dice.pick(all);
    if (this.#faults.strikes('swapping-cache', 0.4)) {
      const other = this.#dice.pick([all, ...this.#entries.values()]).at(-1);
      if (other !== undefined) return other;
    }
    if (this.#faults.strikes('forging-cache', 0.4)) return this.#forged(key);
    return this.#faults.on('old-cache') ? all.at(-1) : this.#kept.get(key);
  }

  readonly #kept = new Map<string, string>();

  set(key: string, sealed: string): void {
    if (this.#faults.strikes('failing-cache', 0.3)) throw new Error('the cache is down');
    this.#entries.set(key, [...(this.#entries.get(key) ?? []), sealed]);
    this.#kept.set(key, sealed);
  }

  delete(key: string): void {
    this.#kept.delete(key);
  }

  /** An entry that says yes to whatever was asked, in the right form and under no key: the key spells the question, field by field. */
  #forged(key: string): string {
    const [like] = [...this.#entries.values()].map((all) => all.at(-1) ?? '');
    const mac = like?.slice(0, 43) ?? 'A'.repeat(43);
    const field = (text: string) => `${text.length}:${text}`;
    const times = `${Number.MAX_SAFE_INTEGER}`;
    const restMs = this.#expiryLike(like ?? '') ?? times;
    return mac + key + ['owner', '', '1', 'simulated', this.#revisionLike(like ?? ''), restMs].map(field).join('');
  }

  #expiryLike(sealed: string): string | undefined {
    return fieldsOf(sealed.slice(43)).at(7);
  }

  #revisionLike(sealed: string): string {
    return fieldsOf(sealed.slice(43)).at(6) ?? '';
  }
}

/** What anybody can read of an entry. */
function fieldsOf(text: string): string[] {
  const fields: string[] = [];
  for (let at = 0; at < text.length; ) {
    const colon = text.indexOf(':', at);
    const length = Number(text.slice(at, colon));
    if (colon < 0 || !Number.isSafeInteger(length)) return fields;
    fields.push(text.slice(colon + 1, colon + 1 + length));
    at = colon + 1 + length;
  }
  return fields;
}
