export { type Backoff, createBackoff } from './backoff.ts';
export { type Certificate, fingerprintsOf, newCertificate } from './certificate.ts';
export { codecParameters, type VideoCodec, videoCodecOf, videoCodecs } from './codecs.ts';
export { createDatagramGuard, type DatagramGuard, type DropReason, dropReasons } from './datagram-guard.ts';
export { type Description, normalFingerprint, readDescription } from './description.ts';
export { createGuardedPeer, type GuardedPeer, type PeerSettings } from './guarded-peer.ts';
export { refusalOf, refusalOfClose, refusalOfHttp, retryAfterSeconds } from './refusal.ts';
export { type RelayTarget, relayTarget } from './relay-target.ts';
export { openRpc, type RpcConnection, type RpcHandlers } from './rpc-connection.ts';
