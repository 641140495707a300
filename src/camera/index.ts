export { startCamera } from './camera.ts';
export type { GrantRefusal } from './grant.ts';
export type {
  Camera,
  CameraObserver,
  CameraPowers,
  CameraSettings,
  CameraSource,
  RegistrationRefusal,
  SourceFailure,
  SubjectPolicy,
  ViewerEnd,
} from './settings.ts';
export { parseSource } from './sources/parse-source.ts';
