import { readFile } from 'node:fs/promises';
import { type Clock, LatchkeyError, limits, type Timer } from '../base/index.ts';
import { type KeyFault, readPem, type VerificationKey } from './key-set.ts';
import { jwksFileText, jwksUrlText } from './key-set-texts.ts';
import { RefreshedKeys } from './refreshed-keys.ts';
import type { IssuerKeys } from './settings.ts';

/** The keys of one issuer as they are now. */
export interface CurrentKeys {
  /**
   * All keys. With `unknownId`, an id that the last set did not have: a newer set, if one may be had.
   * Throws `keys-unavailable` when there never was a set.
   */
  get(unknownId?: boolean): Promise<readonly VerificationKey[]>;
  /** Whether the last try to have a newer set failed, so that a key may exist that is not known here. */
  readonly behind: boolean;
  /**
   * The keys that are there already, for whoever cannot wait. Undefined where there are none, or where nobody has looked for newer
   * ones for so long that a key may have gone; then `keepFresh` is late, or nobody asked for it.
   */
  loaded(): readonly VerificationKey[] | undefined;
  /** Looks for newer keys by itself, now and whenever the old ones have aged, until its timer is cancelled. */
  keepFresh(): FreshKeys;
}

export interface FreshKeys {
  /** Resolves after the first look, whatever came of it. */
  readonly first: Promise<unknown>;
  readonly timer: Timer;
}

/** What the keys of an issuer have to tell. */
export interface KeysObserver {
  /** A key set was read and taken, or could not be had or used and the old one stays. */
  keySet?(outcome: 'taken' | 'failed'): void;
  /** A member of a key set was left aside. */
  keyIgnored?(fault: KeyFault): void;
}

export interface KeysPowers {
  readonly clock: Clock;
  readonly fetch?: typeof fetch | undefined;
}

/** Opens an issuer's keys. Throws `settings-invalid` for a file that cannot be used now, or an address that never can. */
export async function openKeys(source: IssuerKeys, powers: KeysPowers, observer: KeysObserver): Promise<CurrentKeys> {
  if ('pemFile' in source) {
    const key = await atStart(source.pemFile, async () =>
      readPem(await readFile(source.pemFile, 'utf8'), source.algorithm),
    );
    return {
      get: async () => [key],
      behind: false,
      loaded: () => [key],
      keepFresh: () => ({ first: Promise.resolve(), timer: { cancel() {} } }),
    };
  }
  if ('jwksFile' in source) {
    const { keyFileLookMsMin } = limits;
    const keys = new RefreshedKeys(
      jwksFileText(source.jwksFile),
      { freshMsMax: keyFileLookMsMin, retryMsMin: keyFileLookMsMin },
      powers.clock,
      observer,
    );
    await atStart(source.jwksFile, () => keys.get());
    return keys;
  }
  return new RefreshedKeys(
    jwksUrlText(source.jwksUrl, powers.fetch ?? fetch),
    { freshMsMax: limits.keySetFreshMsMax, retryMsMin: limits.keySetRefetchMsMin },
    powers.clock,
    observer,
  );
}

async function atStart<T>(file: string, read: () => Promise<T>): Promise<T> {
  try {
    return await read();
  } catch (error) {
    const why = error instanceof LatchkeyError ? (error.detail ?? error.code) : (error as Error).message;
    throw new LatchkeyError('settings-invalid', `${file}: ${why}`);
  }
}
