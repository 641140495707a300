import type { Clock } from '../base/index.ts';
import type { DeviceListing } from '../protocol/index.ts';

export interface DeviceQuestion {
  /** The relay, as `http(s)://host:port` or `ws(s)://host:port`. */
  readonly relay: string;
  readonly caFile?: string | undefined;
  readonly token: string;
}

/** Asks the relay which cameras the token's subject may see. */
export async function listDevices(_question: DeviceQuestion, _clock: Clock): Promise<DeviceListing['devices']> {
  throw new TypeError('The device list is not here yet.');
}
