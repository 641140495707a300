import { asLatchkeyError, type DeviceId, LatchkeyError, type Span } from '../base/index.ts';
import type { VerifiedViewer } from '../identity/index.ts';
import type { Session, VerifiedPair } from '../pairing/index.ts';
import type { Core } from './parts.ts';
import { demandOn } from './thrown.ts';
import type { Registration, ViewRequest } from './view.ts';

/** The pair of a person and a camera; who does not get it is put on record. Throws as `Pairing.pair` does. */
export async function pairFor(
  core: Core,
  viewer: VerifiedViewer,
  device: DeviceId,
  span?: Span,
): Promise<VerifiedPair> {
  try {
    return await core.pairing.pair(viewer, device, span);
  } catch (thrown) {
    throw onRecord(core, viewer, device, thrown);
  }
}

/** Throws `switched-off` where a feature is off for the camera, and puts that on record. */
export function demandFeature(core: Core, feature: 'whep', viewer: VerifiedViewer, { device }: VerifiedPair): void {
  try {
    demandOn(core, feature, device);
  } catch (thrown) {
    throw onRecord(core, viewer, device, thrown);
  }
}

/** The camera that a pair names, where it is connected. Throws `device-offline`, and puts that on record. */
export function registrationFor(core: Core, viewer: VerifiedViewer, { device }: VerifiedPair): Registration {
  const registration = core.registrations.get(device);
  if (registration === undefined) throw onRecord(core, viewer, device, new LatchkeyError('device-offline'));
  return registration;
}

/** The session of a live view. Throws as `Sessions.open` does, and puts that on record. */
export function sessionFor(core: Core, { pair, end }: ViewRequest): Session {
  try {
    return core.sessions.open(pair);
  } catch (thrown) {
    throw onRecord(core, end.viewer, pair.device, thrown);
  }
}

function onRecord(core: Core, viewer: VerifiedViewer, device: DeviceId, thrown: unknown): unknown {
  core.trail?.refused(viewer, device, asLatchkeyError(thrown).code);
  return thrown;
}
