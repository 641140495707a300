import { LatchkeyError, limits } from '../base/index.ts';
import { relayTarget } from '../peer/index.ts';
import { Agent } from './agent.ts';
import { OwnName } from './own-name.ts';
import type { Camera, CameraObserver, CameraPowers, CameraSettings } from './settings.ts';
import { createSource } from './sources/create-source.ts';
import { createSubjects } from './subjects.ts';

const viewersAtOnce = 4;

/**
 * Starts a camera agent: it registers at the relay, waits, and shows itself to whoever has a grant that it believes. It
 * connects again for as long as it is not closed. Throws `settings-invalid` at once for what can never work: a name that no device can have, a source that
 * is not there, a program that is missing, a relay's URL or a list of subjects that cannot be read.
 */
export function startCamera(settings: CameraSettings, powers: CameraPowers, observer: CameraObserver = {}): Camera {
  const viewersMax = settings.viewersMax ?? viewersAtOnce;
  if (!Number.isInteger(viewersMax) || viewersMax < 1 || viewersMax > limits.sessionsPerDeviceMax) {
    throw new LatchkeyError('settings-invalid', `viewersMax is 1 to ${limits.sessionsPerDeviceMax}`);
  }
  const source = createSource(settings.source, () => agent.device ?? settings.name ?? 'camera', powers.clock);
  const agent = new Agent({
    settings,
    name: new OwnName(settings.device),
    target: relayTarget(settings.relay, settings.caFile),
    source,
    subjects: createSubjects(settings.subjects ?? { mode: 'any' }),
    viewersMax,
    powers,
    observer,
  });
  agent.start();
  return agent;
}
