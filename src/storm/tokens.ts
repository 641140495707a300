import { deviceId, LatchkeyError, limits, Redacted, subjectId } from '../base/index.ts';
import type { CameraToken } from './fleet.ts';
import type { ViewerToken } from './viewers.ts';

/** Who takes part in a storm. */
export interface StormTokens {
  readonly cameras: readonly CameraToken[];
  readonly viewers: readonly ViewerToken[];
}

/**
 * Reads tokens, a JSON object to a line: `{"device": "front-door", "token": "eyJ…"}` for a camera, and `{"subject": "alice", "token":
 * "eyJ…", "devices": ["front-door"]}` for a viewer, who may see all cameras of the file where `devices` is left out. Names are the
 * relay's, with the namespace of the issuer where it has one. Throws `params-invalid` that names the line, never what it holds.
 */
export function readTokens(text: string): StormTokens {
  const cameras: CameraToken[] = [];
  const people: { subject: string; token: Redacted<string>; devices: string[] | undefined }[] = [];
  for (const [index, line] of text.split('\n').entries()) {
    if (line.trim() === '') continue;
    const entry = readLine(line, index + 1);
    if ('device' in entry) cameras.push(entry);
    else people.push(entry);
  }
  const known = new Set(cameras.map(({ device }) => device));
  if (known.size !== cameras.length) throw new LatchkeyError('params-invalid', 'tokens: a device has two lines');
  if (cameras.length > limits.stormCamerasMax || people.length > limits.stormViewersMax) {
    const most = `${limits.stormCamerasMax} cameras and ${limits.stormViewersMax} viewers`;
    throw new LatchkeyError('params-invalid', `tokens: at most ${most}`);
  }
  const all = [...known];
  const viewers = people.map(({ devices = all, ...person }) => ({
    ...person,
    devices: devices.filter((device) => known.has(device)),
  }));
  return { cameras, viewers };
}

/** The first cameras and viewers of these; nobody watches a camera that does not take part. */
export function firstOf({ cameras, viewers }: StormTokens, camerasMax: number, viewersMax: number): StormTokens {
  const some = cameras.slice(0, camerasMax);
  const known = new Set(some.map(({ device }) => device));
  const people = viewers.slice(0, viewersMax).map((viewer) => {
    return { ...viewer, devices: viewer.devices.filter((device) => known.has(device)) };
  });
  return { cameras: some, viewers: people };
}

type Entry = CameraToken | { subject: string; token: Redacted<string>; devices: string[] | undefined };

function readLine(line: string, number: number): Entry {
  const wrong = (what: string) => new LatchkeyError('params-invalid', `tokens: line ${number}: ${what}`);
  let value: Readonly<Record<string, unknown>>;
  try {
    value = Object(JSON.parse(line));
  } catch {
    throw wrong('is not JSON');
  }
  const { device, subject, token, devices } = value;
  if (typeof token !== 'string' || !/^[\x21-\x7e]+$/.test(token) || token.length > limits.tokenBytesMax) {
    throw wrong('has no token');
  }
  if ((device === undefined) === (subject === undefined)) throw wrong('names either a device or a subject');
  try {
    const secret = new Redacted(token);
    if (subject === undefined) return { device: deviceId(String(device)), token: secret };
    if (devices !== undefined && !Array.isArray(devices)) throw wrong('devices is a list');
    const named = devices?.map((each) => deviceId(String(each)));
    return { subject: subjectId(String(subject)), token: secret, devices: named };
  } catch (error) {
    throw error instanceof LatchkeyError && error.code === 'id-invalid' ? wrong('has an id that cannot be one') : error;
  }
}
