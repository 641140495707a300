export { type Description, type DescriptionKind, readDescription } from './description.ts';
export { checkCandidate } from './ice-candidate.ts';
export { type IceFragment, readIceFragment, withIceCredentials, writeIceFragment } from './ice-fragment.ts';
export { withRelayCandidates } from './relay-candidates.ts';
