import type { KeyObject } from 'node:crypto';
import { LatchkeyError, limits } from '../../base/index.ts';
import type { IceCredentials } from '../index.ts';
import { shortTermKey } from '../wire/stun.ts';
import type { Leg, SealedWire } from './leg.ts';

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
function checkCredentials(
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
   * Takes the next credentials of both sides of a wire. Those before hold until a side uses the new ones; unused ones in between
   * leave. Throws `overloaded` at `limits.wiresPerUsernameMax`, and `sdp-no-ice` for credentials that cannot be used, or whose
   * username and password are in use together: integrity could not tell the two apart. Then nothing has changed.
   */
  renew(wire: SealedWire, viewer: IceCredentials, camera: IceCredentials): void {
    demandUsable(viewer);
    demandUsable(camera);
    const generation = wire.generation + 1;
    const entries = [
      checkCredentials(wire.viewer, viewer, camera, generation),
      checkCredentials(wire.camera, camera, viewer, generation),
    ];
    this.#addAll(entries);
    wire.generation = generation;
    for (const entry of entries) {
      const { leg } = entry;
      for (const unused of leg.credentials.slice(1)) this.#delete(unused);
      leg.credentials = [...leg.credentials.slice(0, 1), entry];
    }
  }

  /** A side that has used its newest credentials has no use for those before. */
  retireOlder({ leg, generation }: CheckCredentials): void {
    for (const older of leg.credentials.filter((entry) => entry.generation < generation)) {
      this.#delete(older);
      leg.credentials = leg.credentials.slice(1);
    }
  }

  /** Takes all credentials of a side out. */
  forget(leg: Leg): void {
    for (const entry of leg.credentials) this.#delete(entry);
    leg.credentials = [];
  }

  #addAll(entries: readonly CheckCredentials[]): void {
    try {
      for (const entry of entries) this.#addOne(entry);
    } catch (error) {
      for (const entry of entries) this.#delete(entry);
      throw error;
    }
  }

  /** Nothing happens when the entry is not in. */
  #delete(entry: CheckCredentials): void {
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
