import { decodeJwt } from 'jose';
import { deviceId, LatchkeyError, limits } from '../base/index.ts';

/**
 * What this camera is called. It knows by itself: from its settings, or else from the subject of its own token. What the relay
 * calls it is compared with that and never believed alone, for a relay that crosses the connections of two cameras gives each
 * the other's name, and with it the grants of the other's viewers.
 */
export class OwnName {
  readonly #setting: string | undefined;
  #id: string | undefined;

  /** Throws `settings-invalid` for a setting that is no device id. */
  constructor(setting: string | undefined) {
    if (setting !== undefined && !isDeviceId(setting)) {
      throw new LatchkeyError('settings-invalid', 'the device has no usable name');
    }
    this.#setting = setting;
  }

  /** The name that the relay and the camera agreed on at the first registration; it never changes. Undefined before. */
  get id(): string | undefined {
    return this.#id;
  }

  /**
   * Takes the name that the relay gave when it was shown `token`. With a setting it must be exactly that; without, it must be
   * the `sub` of the token, or that `sub` behind a namespace: an id of at most half a device id's length that ends in `:`,
   * `@` or `|`. Names that end alike on another letter, such as `11` and `1`, or `east-door` and `door`, are so told apart; a
   * camera called `x:door` and one called `door` are not, and need the setting. Throws `device-mismatch`.
   */
  confirm(id: string, token: string): void {
    const wrong = this.#wrongIn(id, token);
    if (wrong !== undefined) throw new LatchkeyError('device-mismatch', wrong);
    this.#id = id;
  }

  #wrongIn(id: string, token: string): string | undefined {
    if (this.#setting === undefined) {
      if (!names(id, subjectOf(token))) return 'it is not the subject of the camera’s token';
    } else if (id !== this.#setting) return 'it is not the name that was set';
    return id === (this.#id ?? id) ? undefined : 'it is not the name that the camera had before';
  }
}

function names(id: string, subject: string): boolean {
  if (subject === '' || !isDeviceId(id) || !id.endsWith(subject)) return false;
  const namespace = id.slice(0, id.length - subject.length);
  return namespace === '' || (/[:@|]$/.test(namespace) && namespace.length <= limits.deviceIdCharactersMax / 2);
}

/** The subject of a token, which the relay verifies; empty where there is none. */
function subjectOf(token: string): string {
  try {
    const { sub } = decodeJwt(token);
    return typeof sub === 'string' ? sub : '';
  } catch {
    return '';
  }
}

function isDeviceId(text: string): boolean {
  try {
    deviceId(text);
    return true;
  } catch {
    return false;
  }
}
