import type { JWTPayload } from 'jose';
import { type DeviceId, deviceId, LatchkeyError, limits } from '../base/index.ts';

/**
 * The claim by which an issuer names the devices that a viewer may see: a list of device ids as the relay knows them, with their
 * issuer's namespace. It grants where the settings say that tokens are the source of ownership, and nowhere else.
 */
export const devicesClaim = 'latchkey_devices';

/**
 * The devices that a verified token names, in order, each once; a token without the claim names none. Throws `token-claims` for
 * anything but a list of at most `limits.devicesPerTokenMax` device ids.
 */
export function readDevices(payload: JWTPayload): readonly DeviceId[] {
  if (!Object.hasOwn(payload, devicesClaim)) return [];
  const said = payload[devicesClaim];
  if (!Array.isArray(said)) throw new LatchkeyError('token-claims', `${devicesClaim} is a list`);
  if (said.length > limits.devicesPerTokenMax) throw new LatchkeyError('token-claims', `${devicesClaim} is too long`);
  return [...new Set(said.map(readDevice))].sort();
}

function readDevice(said: unknown): DeviceId {
  try {
    if (typeof said === 'string') return deviceId(said);
  } catch {
    // Said below, as of whatever else is no id.
  }
  throw new LatchkeyError('token-claims', `${devicesClaim} holds what is no device id`);
}
