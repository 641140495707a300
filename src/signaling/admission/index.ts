export {
  Admission,
  type AdmissionObserver,
  type AdmissionReadings,
  type AdmissionSettings,
  type NotAdmitted,
  type Visitor,
} from './admission.ts';
export type { Lane } from './lane.ts';
export { LoopLag } from './loop-lag.ts';
