import {
  asLatchkeyError,
  type Clock,
  type DeviceId,
  LatchkeyError,
  limits,
  noSpan,
  type RandomSource,
  type Span,
  type SubjectId,
} from '../base/index.ts';
import { isVerifiedViewer, type VerifiedViewer } from '../identity/index.ts';
import type { Ownership, OwnershipWatch } from './index.ts';
import { mintProof, OwnershipProof } from './proof.ts';
import { Questions } from './questions.ts';
import { RecentChanges } from './recent-changes.ts';
import {
  type CacheAlarm,
  createLruStore,
  createSealedCache,
  type SealedCache,
  type SealedStore,
} from './sealed-cache.ts';
import type { SharedCache } from './shared-cache.ts';
import {
  type OwnershipAnswer,
  type OwnershipChange,
  type OwnershipQuestion,
  type OwnershipSource,
  roles,
} from './source.ts';

export interface OwnershipSettings {
  /** Answers remembered, at most `limits.cacheEntriesMax`. */
  readonly entriesMax: number;
  /** How long a yes is remembered, in milliseconds from the question; never longer than the share lasts. */
  readonly grantMsMax: number;
  /** How long a no is; at most as long as a yes, and 0 for not at all. */
  readonly refusalMsMax: number;
}

export interface OwnershipPowers {
  readonly clock: Clock;
  readonly random: RandomSource;
  /** Where sealed answers are kept; in this process unless told otherwise. */
  readonly store?: SealedStore;
  /** Where relays remember answers for each other; asked when there is none in this process, before the source. */
  readonly shared?: SharedCache;
}

/**
 * An answer that was not believed. `cache-mac`: an entry that this process did not write. `cache-crossed`: an entry of
 * another question. `source-crossed`: the source answered another question. `flight-crossed`: a question that was joined
 * got the answer of another. `source-malformed`: the source's answer is none. `source-mac`: it was not sealed by the source.
 */
export type OwnershipAlarm = CacheAlarm | 'source-crossed' | 'flight-crossed' | 'source-malformed' | 'source-mac';

/** Who answered: the memory of this process, that which relays share, or the source. */
export type AnswerFrom = 'cache' | 'shared' | 'source';

/** What this room has to tell. Every value is from a closed set, or a number of milliseconds. */
export interface OwnershipObserver {
  answered?(outcome: 'granted' | 'refused' | 'unavailable', from: AnswerFrom, ms: number): void;
  alarm?(kind: OwnershipAlarm): void;
}

/** Throws `settings-invalid` for bounds that are none, or a no that would be remembered for longer than a yes. */
export function createOwnership(
  source: OwnershipSource,
  settings: OwnershipSettings,
  powers: OwnershipPowers,
  observer: OwnershipObserver = {},
): Ownership & OwnershipWatch {
  checkSettings(settings);
  if (powers.shared !== undefined && powers.shared.sharedAs !== source.sharedAs) {
    throw new TypeError('A shared cache holds the answers of one source and is used with no other.');
  }
  const store = powers.store ?? createLruStore(settings.entriesMax);
  const cache = createSealedCache(store, powers.random, (kind) => observer.alarm?.(kind));
  return new SealedOwnership(source, settings, powers, cache, observer);
}

class SealedOwnership implements Ownership, OwnershipWatch {
  readonly #source: OwnershipSource;
  readonly #settings: OwnershipSettings;
  readonly #clock: Clock;
  readonly #cache: SealedCache;
  readonly #shared: SharedCache | undefined;
  readonly #observer: OwnershipObserver;
  readonly #questions: Questions<Found>;
  readonly #listeners = new Set<(change: OwnershipChange) => void>();
  readonly #unlisten: () => void;
  readonly #changes = new RecentChanges();
  #closed = false;

  constructor(
    source: OwnershipSource,
    settings: OwnershipSettings,
    { clock, shared }: OwnershipPowers,
    cache: SealedCache,
    observer: OwnershipObserver,
  ) {
    this.#source = source;
    this.#settings = settings;
    this.#clock = clock;
    this.#cache = cache;
    this.#shared = shared;
    this.#observer = observer;
    this.#questions = new Questions<Found>(clock, (question, signal, viewer, span) =>
      this.#ask(question, signal, viewer, span),
    );
    this.#unlisten = source.changes?.((change) => this.#changed(change)) ?? (() => {});
  }

  async may(viewer: Parameters<Ownership['may']>[0], device: DeviceId, parent = noSpan): Promise<OwnershipProof> {
    if (!isVerifiedViewer(viewer)) throw new TypeError('Ownership is asked for a VerifiedViewer and for nobody else.');
    const question = { subject: viewer.subject, device };
    const askedMs = this.#clock.now();
    const { era } = this.#changes;
    const remembered = this.#closed ? undefined : this.#recall(question, askedMs);
    let from: AnswerFrom = remembered === undefined ? 'source' : 'cache';
    const span = parent.child('authorize');
    if (remembered !== undefined) span.child('ownership.cache').end('ok');
    try {
      const found = remembered === undefined ? await this.#join(question, viewer, span) : { answer: remembered, from };
      from = found.from;
      const proof = this.#conclude(question, found.answer, era);
      this.#observer.answered?.('granted', from, this.#clock.now() - askedMs);
      span.note('from', from);
      span.end('ok');
      return proof;
    } catch (thrown) {
      const outcome = thrown instanceof LatchkeyError && thrown.code === 'not-allowed' ? 'refused' : 'unavailable';
      this.#observer.answered?.(outcome, from, this.#clock.now() - askedMs);
      span.note('from', from);
      span.end(asLatchkeyError(thrown).code);
      throw thrown;
    }
  }

  async devices(viewer: Parameters<Ownership['devices']>[0]): Promise<OwnershipProof[]> {
    if (!isVerifiedViewer(viewer)) throw new TypeError('Devices are listed for a VerifiedViewer and for nobody else.');
    const { subject } = viewer;
    const { era } = this.#changes;
    const answers = await this.#questions.once((signal) => this.#list(subject, signal, viewer));
    const nowMs = this.#clock.now();
    return answers.flatMap((answer) => {
      const question = { subject, device: answer.device };
      return mintProof(question, answer, this.#source.name, nowMs, era) ?? [];
    });
  }

  async again(viewer: VerifiedViewer, device: DeviceId): Promise<OwnershipProof> {
    if (!isVerifiedViewer(viewer)) throw new TypeError('Ownership is asked for a VerifiedViewer and for nobody else.');
    const question = { subject: viewer.subject, device };
    const { era } = this.#changes;
    const answer = await this.#questions.once((signal) => this.#askSource(question, signal, viewer, noSpan));
    return this.#conclude(question, answer, era);
  }

  isCurrent(proof: OwnershipProof): boolean {
    return OwnershipProof.eraOf(proof) === this.#changes.era;
  }

  ownChangeMs(proof: OwnershipProof): number | undefined {
    return this.#changes.ownMs(proof, OwnershipProof.eraOf(proof));
  }

  changes(listener: (change: OwnershipChange) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#shared?.close();
    this.#unlisten();
    await this.#source.close();
  }

  #changed(change: OwnershipChange): void {
    this.#changes.add(change, this.#clock.now());
    this.#questions.partFromThoseUnderWay();
    for (const listener of this.#listeners) listener(change);
  }

  #recall(question: OwnershipQuestion, nowMs: number): OwnershipAnswer | undefined {
    const { name: source } = this.#source;
    const revision = this.#revision();
    if (revision === undefined) return undefined;
    return this.#cache.recall(question, { nowMs, ageMsMax: this.#settings.grantMsMax, source, revision });
  }

  /** Joins the question that is under way, if there is one; its answer is compared with this one's question again. */
  async #join(question: OwnershipQuestion, viewer: VerifiedViewer, span: Span): Promise<Found> {
    const found = this.#source.restsOnToken
      ? await this.#questions.once((signal) => this.#ask(question, signal, viewer, span))
      : await this.#questions.ask(question, viewer, span);
    if (answers(found.answer, question)) return found;
    this.#observer.alarm?.('flight-crossed');
    throw new LatchkeyError('not-allowed');
  }

  /** Asks what the relays remember, and then the source. */
  async #ask(question: OwnershipQuestion, signal: AbortSignal, viewer: VerifiedViewer, span: Span): Promise<Found> {
    if (this.#closed) throw new Error('ownership is closed');
    const shared = this.#shared && (await this.#recallShared(this.#shared, question, span));
    if (shared !== undefined && !signal.aborted && !this.#closed) {
      this.#cache.remember(question, shared);
      return { answer: shared.answer, from: 'shared' };
    }
    return { answer: await this.#askSource(question, signal, viewer, span), from: 'source' };
  }

  async #recallShared(
    shared: SharedCache,
    question: OwnershipQuestion,
    parent: Span,
  ): ReturnType<SharedCache['recall']> {
    const span = parent.child('ownership.shared');
    try {
      return await shared.recall(question, () => this.#revision());
    } finally {
      span.end('ok');
    }
  }

  /** Asks the source and remembers what it says, counted from the moment and in the revision of the question. */
  async #askSource(
    question: OwnershipQuestion,
    signal: AbortSignal,
    viewer: VerifiedViewer,
    parent: Span,
  ): Promise<OwnershipAnswer> {
    if (this.#closed) throw new Error('ownership is closed');
    const revision = this.#revision();
    const askedAtMs = this.#clock.now();
    const answer = this.#wellFormed(await this.#askTraced(question, signal, viewer, parent));
    if (!answers(answer, question)) {
      this.#observer.alarm?.('source-crossed');
      throw new LatchkeyError('not-allowed');
    }
    const { name: source } = this.#source;
    const expiresAtMs = this.#expiryOf(answer, askedAtMs);
    if (revision !== undefined && !signal.aborted && expiresAtMs > this.#clock.now()) {
      const remembered = { answer, source, revision, expiresAtMs };
      this.#cache.remember(question, remembered);
      this.#shared?.remember(question, remembered, askedAtMs);
    }
    return answer;
  }

  async #askTraced(
    question: OwnershipQuestion,
    signal: AbortSignal,
    viewer: VerifiedViewer,
    parent: Span,
  ): Promise<OwnershipAnswer> {
    const span = parent.child('ownership.source');
    try {
      const answer = await this.#source.ask(question, signal, viewer, span.traceparent);
      span.end('ok');
      return answer;
    } catch (thrown) {
      span.end('source-unavailable');
      throw thrown;
    }
  }

  async #list(subject: SubjectId, signal: AbortSignal, viewer: VerifiedViewer): Promise<OwnershipAnswer[]> {
    if (this.#closed) throw new Error('ownership is closed');
    const all: unknown = await this.#source.devicesOf(subject, signal, viewer);
    if (!Array.isArray(all)) throw this.#malformed();
    const bounded = all.slice(0, limits.devicesPerSubjectMax).map((answer) => this.#wellFormed(answer));
    const own = bounded.filter((answer) => answer.subject === subject);
    if (own.length < bounded.length) this.#observer.alarm?.('source-crossed');
    return [...new Map(own.map((answer) => [answer.device, answer])).values()];
  }

  #conclude(question: OwnershipQuestion, answer: OwnershipAnswer, era: number): OwnershipProof {
    const proof = mintProof(question, answer, this.#source.name, this.#clock.now(), era);
    if (proof === undefined) throw new LatchkeyError('not-allowed');
    return proof;
  }

  #expiryOf(answer: OwnershipAnswer, askedMs: number): number {
    const { grantMsMax, refusalMsMax } = this.#settings;
    if (answer.role === undefined) return askedMs + refusalMsMax;
    return Math.min(askedMs + grantMsMax, answer.notAfterMs ?? Number.POSITIVE_INFINITY);
  }

  /** The source's revision; empty for a source that has none, and undefined when it cannot be had: nothing is remembered. */
  #revision(): string | undefined {
    if (this.#source.restsOnToken) return undefined;
    try {
      return this.#source.revision?.() ?? '';
    } catch {
      return undefined;
    }
  }

  #wellFormed(said: unknown): OwnershipAnswer {
    const answer = readAnswer(said);
    if (answer === undefined) throw this.#malformed();
    return answer;
  }

  #malformed(): Error {
    this.#observer.alarm?.('source-malformed');
    return new Error('the source gave no answer');
  }
}

/** An answer, and who gave it. */
interface Found {
  readonly answer: OwnershipAnswer;
  readonly from: AnswerFrom;
}

function answers(answer: OwnershipAnswer, question: OwnershipQuestion): boolean {
  return answer.subject === question.subject && answer.device === question.device;
}

/**
 * Copies what a source said, reading each member once: what a client library does to its own object later changes nothing.
 * Undefined for what is no answer, since a source is somebody else's system and what it says is input.
 */
function readAnswer(said: unknown): OwnershipAnswer | undefined {
  if (typeof said !== 'object' || said === null) return undefined;
  const { subject, device, role, notAfterMs, version } = said as Partial<OwnershipAnswer>;
  if (typeof subject !== 'string' || typeof device !== 'string' || typeof version !== 'string') return undefined;
  if (role !== undefined && !roles.includes(role)) return undefined;
  if (notAfterMs !== undefined && !Number.isFinite(notAfterMs)) return undefined;
  if (version.length > limits.sourceVersionCharactersMax) return undefined;
  return Object.freeze({ subject, device, role, notAfterMs, version });
}

function checkSettings({ entriesMax, grantMsMax, refusalMsMax }: OwnershipSettings): void {
  const sound = entriesMax >= 1 && entriesMax <= limits.cacheEntriesMax && grantMsMax > 0 && refusalMsMax >= 0;
  if (!sound) throw new LatchkeyError('settings-invalid', 'ownership.cache: a bound is out of its bounds');
  if (refusalMsMax > grantMsMax) {
    throw new LatchkeyError('settings-invalid', 'ownership.cache: a no is remembered at most as long as a yes');
  }
}
