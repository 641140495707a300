import type { Camera, CameraObserver, CameraPowers, CameraSettings } from './settings.ts';

export function startCamera(_settings: CameraSettings, _powers: CameraPowers, _observer: CameraObserver = {}): Camera {
  throw new TypeError('The camera agent is not here yet.');
}
