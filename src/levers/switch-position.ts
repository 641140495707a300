import { type DeviceId, deviceId, LatchkeyError, limits } from '../base/index.ts';

/**
 * What can be switched off. `live-view`: no live view opens, and none goes on. `sharing`: the same for all but owners.
 * `registration`: no camera registers, and none stays. `whep`: no live view over HTTP. `tickets`: no camera comes back by a ticket.
 */
export const features = ['live-view', 'sharing', 'registration', 'whep', 'tickets'] as const;
export type Feature = (typeof features)[number];

/**
 * Where a switch stands. `off-for`: off for the devices that are named, and for those whose id begins with a prefix. A prefix ends with
 * one of `. _ : @ | -`, so that it names whole parts of ids: `house7-` is off for `house7-door`, and not for `house70-door`.
 */
export type SwitchPosition =
  | { readonly position: 'on' }
  | { readonly position: 'off' }
  | { readonly position: 'off-for'; readonly prefixes: readonly string[]; readonly devices: readonly DeviceId[] };

/** The position of every switch. */
export type SwitchPositions = Readonly<Record<Feature, SwitchPosition>>;

export const allOn: SwitchPositions = Object.fromEntries(
  features.map((feature) => [feature, { position: 'on' }]),
) as Record<Feature, SwitchPosition>;

/** Whether a feature is on for a device. */
export type IsOn = (device: DeviceId) => boolean;

/**
 * Makes the question of a position. Throws `params-invalid` for `off-for` that names nothing, more than `limits.switchPrefixesMax`
 * prefixes or `limits.switchDevicesMax` devices, a prefix that ends in the middle of a part, and what is no id.
 */
export function isOnAt(position: SwitchPosition): IsOn {
  if (position.position === 'on') return () => true;
  if (position.position === 'off') return () => false;
  const { prefixes, devices } = demandOffFor(position);
  const named = new Set(devices);
  return (device) => !named.has(device) && !prefixes.some((prefix) => device.startsWith(prefix));
}

/** Reads a position that was written as JSON. Throws `params-invalid` for anything else. */
export function readPosition(text: string): SwitchPosition {
  try {
    const read = JSON.parse(text) as SwitchPosition;
    if (read.position === 'on' || read.position === 'off') return { position: read.position };
    if (read.position === 'off-for') return demandOffFor(read);
  } catch (error) {
    if (error instanceof LatchkeyError) throw error;
  }
  throw new LatchkeyError('params-invalid', 'a switch is on, off, or off for some devices');
}

type OffFor = Extract<SwitchPosition, { position: 'off-for' }>;

function demandOffFor({ prefixes, devices }: OffFor): OffFor {
  if (!Array.isArray(prefixes) || !Array.isArray(devices)) throw refusal('prefixes and devices are lists');
  if (prefixes.length === 0 && devices.length === 0) throw refusal('off for nobody is a mistake: say on');
  if (prefixes.length > limits.switchPrefixesMax) throw refusal(`at most ${limits.switchPrefixesMax} prefixes`);
  if (devices.length > limits.switchDevicesMax) throw refusal(`at most ${limits.switchDevicesMax} devices`);
  for (const prefix of prefixes) demandPrefix(prefix);
  return { position: 'off-for', prefixes: [...prefixes], devices: devices.map((device) => deviceId(device)) };
}

function demandPrefix(prefix: string): void {
  deviceId(prefix);
  if (/[._:@|-]$/.test(prefix)) return;
  throw refusal(`the prefix ${prefix} ends in the middle of a part: end it with one of . _ : @ | -, or name devices`);
}

function refusal(detail: string): LatchkeyError {
  return new LatchkeyError('params-invalid', detail);
}
