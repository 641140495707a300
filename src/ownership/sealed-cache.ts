import { createHmac, createSecretKey, type KeyObject, timingSafeEqual } from 'node:crypto';
import type { RandomSource } from '../base/index.ts';
import { joinFields, splitFields } from './fields.ts';
import { fieldsOf, type Remembered, rememberedFrom } from './remembered.ts';
import type { OwnershipAnswer, OwnershipQuestion } from './source.ts';

/** Where sealed answers are kept. It is not trusted: what it gives back is checked, and what it loses or throws is asked again. */
export interface SealedStore {
  get(key: string): string | undefined;
  set(key: string, sealed: string): void;
  delete(key: string): void;
}

/** Why what a store gave back was not believed: somebody wrote it who has no key, or it answers another question. */
export type CacheAlarm = 'cache-mac' | 'cache-crossed';

export interface SealedCache {
  /** The answer to this very question, from the same source and revision, that has not expired. */
  recall(question: OwnershipQuestion, now: Moment): OwnershipAnswer | undefined;
  remember(question: OwnershipQuestion, remembered: Remembered): void;
}

/** What an entry must fit: the time, the longest that any entry is kept from then on, the source and its revision. */
export interface Moment {
  readonly nowMs: number;
  readonly ageMsMax: number;
  readonly source: string;
  readonly revision: string;
}

/**
 * Remembers answers in a store that may lie. Every entry names its own question and carries a MAC under a key that only
 * this process has; an entry that fails either is told to `alarm` and is no answer.
 */
export function createSealedCache(
  store: SealedStore,
  random: RandomSource,
  alarm: (kind: CacheAlarm) => void,
): SealedCache {
  const key = createSecretKey(random.bytes(32));

  function believed(question: OwnershipQuestion, sealed: string): Remembered | undefined {
    const remembered = unseal(key, sealed);
    if (remembered === undefined) {
      alarm('cache-mac');
      return undefined;
    }
    const { subject, device } = remembered.answer;
    if (subject === question.subject && device === question.device) return remembered;
    alarm('cache-crossed');
    return undefined;
  }

  return {
    recall(question, moment) {
      const name = nameOf(question);
      const sealed = attempt(() => store.get(name));
      if (sealed === undefined) return undefined;
      const remembered = believed(question, sealed);
      if (remembered !== undefined && isCurrent(remembered, moment)) return remembered.answer;
      attempt(() => store.delete(name));
      return undefined;
    },
    remember(question, remembered) {
      attempt(() => store.set(nameOf(question), seal(key, remembered)));
    },
  };
}

/** A store in this process that forgets what was not used for the longest time when it holds `entriesMax` entries. */
export function createLruStore(entriesMax: number): SealedStore & { readonly size: number } {
  const entries = new Map<string, string>();
  return {
    get size() {
      return entries.size;
    },
    get(key) {
      const sealed = entries.get(key);
      if (sealed === undefined) return undefined;
      entries.delete(key);
      entries.set(key, sealed);
      return sealed;
    },
    set(key, sealed) {
      entries.delete(key);
      entries.set(key, sealed);
      if (entries.size <= entriesMax) return;
      const [oldest] = entries.keys();
      if (oldest !== undefined) entries.delete(oldest);
    },
    delete(key) {
      entries.delete(key);
    },
  };
}

/** A store that fails has no entry. */
function attempt<T>(work: () => T): T | undefined {
  try {
    return work();
  } catch {
    return undefined;
  }
}

function nameOf({ subject, device }: OwnershipQuestion): string {
  return joinFields([subject, device]);
}

/** An entry that would live longer than any may was made under a clock that has since been set back. */
function isCurrent(remembered: Remembered, { nowMs, ageMsMax, source, revision }: Moment): boolean {
  const restMs = remembered.expiresAtMs - nowMs;
  return restMs > 0 && restMs <= ageMsMax && remembered.source === source && remembered.revision === revision;
}

const macCharacters = 43;

function macOf(key: KeyObject, text: string): string {
  return createHmac('sha256', key).update(text).digest('base64url');
}

function seal(key: KeyObject, remembered: Remembered): string {
  const text = joinFields(fieldsOf(remembered));
  return macOf(key, text) + text;
}

/** Undefined for whatever was not sealed with this key. */
function unseal(key: KeyObject, sealed: unknown): Remembered | undefined {
  if (typeof sealed !== 'string') return undefined;
  const text = sealed.slice(macCharacters);
  const said = Buffer.from(sealed.slice(0, macCharacters));
  const right = Buffer.from(macOf(key, text));
  if (said.length !== right.length || !timingSafeEqual(said, right)) return undefined;
  const remembered = rememberedFrom(splitFields(text) ?? []);
  if (remembered === undefined) throw new TypeError('A sealed entry has a good MAC and cannot be read.');
  return remembered;
}
