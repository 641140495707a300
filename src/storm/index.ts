export { type Aim, takeAim } from './aim.ts';
export type { Crossing } from './crossings.ts';
export { demandDescriptors } from './descriptors.ts';
export { type CameraToken, Fleet } from './fleet.ts';
export { relayMemoryBytes } from './relay-memory.ts';
export { reportText, type StormReport } from './report.ts';
export { runStorm, type StormObserver, type StormPhase, type StormPlan, type StormProgress } from './storm.ts';
export { firstOf, readTokens, type StormTokens } from './tokens.ts';
export type { ViewerToken } from './viewers.ts';
