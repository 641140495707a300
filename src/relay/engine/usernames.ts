import type { KeyObject } from 'node:crypto';
import { LatchkeyError, limits } from '../../base/index.ts';
import type { IceCredentials } from '../index.ts';
import { shortTermKey } from '../wire/stun.ts';
import type { Leg } from './leg.ts';

/** What a check of one side looks like: its USERNAME, and the key of its integrity (RFC 8445 section 7.2.2). */
export interface CheckCredentials {
  /** The sender. */
  readonly leg: Leg;
  /** `<receiver's ufrag>:<sender's ufrag>`. */
  readonly username: string;
  /** The receiver's password. */
  readonly key: KeyObject;
  /** Counts the ICE restarts of the wire. */
  readonly generation: number;
}

/** The credentials of the checks that `leg` will send to a side with credentials `receiver`. */
export function checkCredentials(
  leg: Leg,
  sender: IceCredentials,
  receiver: IceCredentials,
  generation: number,
): CheckCredentials {
  const username = `${receiver.ufrag}:${sender.ufrag}`;
  return { leg, username, key: shortTermKey(receiver.password), generation };
}

/**
 * Who a check may come from, by its whole USERNAME. Two live wires may have the same one (ufrags are as short as four
 * characters), so each username leads to a list, and the integrity of the check picks from it.
 */
export class Usernames {
  readonly #table = new Map<string, readonly CheckCredentials[]>();

  get size(): number {
    return this.#table.size;
  }

  candidates(username: string): readonly CheckCredentials[] {
    return this.#table.get(username) ?? [];
  }

  /**
   * Adds all of `entries` or none. Throws `overloaded` at `limits.wiresPerUsernameMax`, and `sdp-no-ice` for a username
   * and password that are in use together: integrity could not tell the two apart.
   */
  add(entries: readonly CheckCredentials[]): void {
    try {
      for (const entry of entries) this.#addOne(entry);
    } catch (error) {
      for (const entry of entries) this.delete(entry);
      throw error;
    }
  }

  /** Takes an entry out; nothing happens when it is not in. */
  delete(entry: CheckCredentials): void {
    const rest = this.candidates(entry.username).filter((other) => other !== entry);
    if (rest.length > 0) this.#table.set(entry.username, rest);
    else this.#table.delete(entry.username);
  }

  #addOne(entry: CheckCredentials): void {
    const list = this.candidates(entry.username);
    if (list.length >= limits.wiresPerUsernameMax) throw new LatchkeyError('overloaded', 'wires with one username');
    if (list.some((other) => other.key.equals(entry.key))) {
      throw new LatchkeyError('sdp-no-ice', 'the ICE credentials are in use already');
    }
    this.#table.set(entry.username, [...list, entry]);
  }
}

/**
 * Throws `sdp-no-ice` unless both parts have their lengths (RFC 8839 section 5.4; ufrag 4 to 256, password 22 to 256) and
 * alphabet. No colon: the username must come apart in one way only. `- _ = #` are no ice-chars, but in use.
 */
export function demandUsable({ ufrag, password }: IceCredentials): void {
  const usable =
    iceText.test(ufrag) &&
    ufrag.length >= limits.iceUfragCharactersMin &&
    ufrag.length <= limits.iceUfragCharactersMax &&
    iceText.test(password) &&
    password.length >= limits.icePasswordCharactersMin &&
    password.length <= limits.icePasswordCharactersMax;
  if (!usable) throw new LatchkeyError('sdp-no-ice', 'a ufrag or password of unusable length or alphabet');
}

const iceText = /^[A-Za-z0-9+/=_#-]+$/;
