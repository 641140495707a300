export {
  type AdmissionReadings,
  type AdmissionSettings,
  type Lane,
  LoopLag,
  type NotAdmitted,
} from './admission/index.ts';
export type { Drain, DrainOutcome, DrainPhase, DrainPlan, MovedKind } from './drain/index.ts';
export type { IgnoredKind, SignalingObserver, UnregisterReason, ViewKind } from './observer.ts';
export type { SignalingParts, SignalingSettings } from './parts.ts';
export { createSignaling, type Signaling } from './signaling.ts';
export type { HolderRefusal, ThrownLevers } from './thrown.ts';
export * from './transport/index.ts';
