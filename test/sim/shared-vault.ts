import { deviceId, Redacted, subjectId } from '../../src/base/index.ts';
import type { OwnershipQuestion } from '../../src/ownership/index.ts';
import { type EntryName, type SharedEntry, SharedSeal } from '../../src/ownership/shared-seal.ts';
import type { Dice } from './dice.ts';
import type { Faults } from './faults.ts';
import { damaged, renamed, rewritten } from './sealed-forgeries.ts';
import type { Timeline } from './timeline.ts';
import type { Truth } from './truth.ts';

/** Under which name the nodes of a world share the answers of its source. */
export const sharedAs = 'simulated';
const keyPrefix = 'latchkey:1:';
const keptMax = 8;
/** How far the clock of a relay is ahead: as little as may be, or an hour, as where the time zone is mistaken. */
export const aheadMsMax = 1_500;
const hourMs = 3_600_000;
const longMs = 600_000;

interface Everybody {
  readonly people: readonly string[];
  readonly cameras: readonly string[];
  /** Whether the source tells its revision. */
  readonly revisions: boolean;
}

interface Surroundings extends Everybody {
  readonly timeline: Timeline;
  readonly truth: Truth;
  readonly faults: Faults;
}

interface Kept {
  readonly sealed: string;
  readonly untilMs: number;
}

/** What lies in the store that the relays share, and whoever else writes into it: other relays, another deployment, somebody without a key. */
export class SharedVault {
  readonly #timeline: Timeline;
  readonly #truth: Truth;
  readonly #faults: Faults;
  readonly #dice: Dice;
  readonly #keys: readonly Redacted<Buffer>[];
  readonly #seal: SharedSeal;
  readonly #entries = new Map<string, Kept[]>();
  readonly #everybody: Everybody;
  #questions: ReadonlyMap<string, OwnershipQuestion> | undefined;

  constructor({ timeline, truth, faults, ...everybody }: Surroundings, dice: Dice) {
    this.#timeline = timeline;
    this.#truth = truth;
    this.#faults = faults;
    this.#everybody = everybody;
    this.#dice = dice;
    this.#keys = [new Redacted(dice.bytes(32)), new Redacted(dice.bytes(32))];
    this.#seal = new SharedSeal(sharedAs, this.#keys, dice);
  }

  /** The keys of a node: all have both, and one of two seals with the newer one already. */
  keysOf(node: number): readonly Redacted<Buffer>[] {
    return node % 2 === 0 ? this.#keys : this.#keys.toReversed();
  }

  write(name: string, sealed: string, lifeMs: number): void {
    const kept = this.#entries.get(name) ?? [];
    this.#entries.set(name, [...kept.slice(1 - keptMax), { sealed, untilMs: this.#timeline.nowMs + lifeMs }]);
  }

  /** What is given for a name: what was written last and has not ended, or whatever else the faults of the world make of it. */
  read(name: string): string | undefined {
    if (this.#faults.strikes('longer-bounds', 0.1)) this.#neighbour(name, 0);
    if (this.#faults.strikes('clocks-ahead', 0.15))
      this.#neighbour(name, this.#dice.chance(0.5) ? hourMs : this.#dice.between(1, aheadMsMax));
    if (this.#faults.strikes('foreign-store', 0.08)) return this.#foreign(name);
    const isWanted = this.#faults.on('forging-store') && !this.#isGranted(name);
    if (isWanted && this.#faults.strikes('forging-store', 0.15)) return this.#forged(name);
    if (this.#faults.strikes('old-store', 0.4)) {
      const all = this.#entries.get(name) ?? [];
      return all.length === 0 ? undefined : this.#dice.pick(all).sealed;
    }
    const found = this.#now(name);
    if (found !== undefined && this.#faults.strikes('damaging-store', 0.1)) return damaged(found, this.#dice);
    return this.#faults.strikes('swapping-store', 0.06) ? (this.#any() ?? found) : found;
  }

  #now(name: string): string | undefined {
    const last = this.#entries.get(name)?.at(-1);
    return last !== undefined && last.untilMs > this.#timeline.nowMs ? last.sealed : undefined;
  }

  #any(): string | undefined {
    const names = [...this.#entries.keys()];
    return names.length === 0 ? undefined : this.#entries.get(this.#dice.pick(names))?.at(-1)?.sealed;
  }

  /** What a name is the name of: whoever writes here knows it by its keys or by having asked. */
  #questionAt(name: string): OwnershipQuestion | undefined {
    this.#questions ??= this.#named();
    return this.#questions.get(name);
  }

  #named(): ReadonlyMap<string, OwnershipQuestion> {
    const { people, cameras } = this.#everybody;
    const all = people.flatMap((person) =>
      cameras.map((camera) => ({ subject: subjectId(person), device: deviceId(camera) })),
    );
    return new Map(
      all.flatMap((question) => this.#seal.namesOf(question).map(({ name }) => [keyPrefix + name, question] as const)),
    );
  }

  /** The place that a name is, among the names that some keys give a question. */
  #placeAt(name: string, places: readonly EntryName[]): EntryName | undefined {
    return places.find((place) => keyPrefix + place.name === name);
  }

  /** Another relay of the same fleet, which remembers for longer, has been asked the same, by a clock that may be ahead. */
  #neighbour(name: string, aheadMs: number): void {
    const question = this.#questionAt(name);
    if (question === undefined) return;
    const place = this.#placeAt(name, this.#seal.namesOf(question));
    const { nowMs } = this.#timeline;
    const grant = this.#truth.grantNow(question.subject, question.device, nowMs);
    const expiresAtMs = Math.min(nowMs + aheadMs + longMs, grant?.notAfterMs ?? Number.POSITIVE_INFINITY);
    const entry = this.#entry(question, grant, nowMs + aheadMs, expiresAtMs);
    const sealed = place === undefined ? undefined : this.#seal.seal(place, entry);
    if (sealed !== undefined) this.write(name, sealed, longMs);
  }

  /** A yes under a key of somebody else’s; or of a deployment with the same keys and another source, at its own name for the question. */
  #foreign(name: string): string | undefined {
    const question = this.#questionAt(name);
    if (question === undefined) return this.#now(name);
    const { nowMs } = this.#timeline;
    const yes = this.#entry(question, { role: 'owner', notAfterMs: undefined }, nowMs, nowMs + longMs);
    if (this.#dice.chance(0.4)) {
      const stranger = new SharedSeal(sharedAs, [new Redacted(this.#dice.bytes(32))], this.#dice);
      const [own] = stranger.namesOf(question);
      return own && stranger.seal({ name: name.slice(keyPrefix.length), key: own.key }, yes);
    }
    const others = new SharedSeal('another deployment', this.#keys, this.#dice);
    for (const place of others.namesOf(question)) {
      const sealed = others.seal(place, yes);
      if (sealed !== undefined) this.write(keyPrefix + place.name, sealed, longMs);
    }
    return this.#now(name);
  }

  /** Another question’s entry under the name of this one; or what it says changed into a yes to this one, by whoever has guessed its text. */
  #forged(name: string): string | undefined {
    const question = this.#questionAt(name);
    const other = this.#dice.pick([...[...this.#entries.keys()].filter((each) => this.#isGranted(each)), '']);
    const sealed = this.#entries.get(other)?.at(-1)?.sealed;
    const asked = this.#questionAt(other);
    if (question === undefined || asked === undefined || sealed === undefined) return this.#now(name);
    const place = name.slice(keyPrefix.length);
    if (this.#dice.chance(0.5)) return renamed(sealed, place);
    const at = this.#placeAt(other, this.#seal.namesOf(asked));
    const known = at === undefined ? 'unsealed' : this.#seal.open(asked, at, sealed);
    if (known === 'unsealed' || known === 'crossed') return this.#now(name);
    const yes: SharedEntry = {
      ...known,
      answer: { ...known.answer, ...question, role: 'owner', notAfterMs: undefined },
    };
    return rewritten(sealed, place, sharedAs, known, yes);
  }

  /** Whoever forges takes the entries of those who may see something, of which there may be their own. */
  #isGranted(name: string): boolean {
    const question = this.#questionAt(name);
    if (question === undefined) return false;
    return this.#truth.grantNow(question.subject, question.device, this.#timeline.nowMs) !== undefined;
  }

  #entry(
    question: OwnershipQuestion,
    grant: ReturnType<Truth['grantNow']>,
    askedAtMs: number,
    expiresAtMs: number,
  ): SharedEntry {
    const version = `${this.#truth.revision}`;
    const answer = { ...question, role: grant?.role, notAfterMs: grant?.notAfterMs, version };
    return { answer, source: 'simulated', revision: this.#everybody.revisions ? version : '', askedAtMs, expiresAtMs };
  }
}
