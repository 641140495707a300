import {
  type Clock,
  type EndReason,
  type ErrorCode,
  endReasons,
  errorTable,
  LatchkeyError,
  limits,
} from '../base/index.ts';
import type { Session } from '../pairing/index.ts';
import { codeOf, type RpcError } from '../protocol/index.ts';
import type { Moving } from './drain/index.ts';
import type { CallOutcome } from './rpc-peer.ts';

/** The codes that a camera may say of itself. What else it says, and every word of its text, stays here. */
const speakable: readonly ErrorCode[] = [
  'device-busy',
  'device-refused',
  'device-offline',
  'device-cannot-answer',
  'codec-mismatch',
];

/** ONVIF's numbers for the same (WebRTC 26.06, sections connect, invite and error). */
const byNumber: Readonly<Record<number, ErrorCode>> = {
  401: 'device-refused',
  403: 'device-refused',
  480: 'device-offline',
  1001: 'device-busy',
};

/** What a viewer is told when the camera did not do what it was called for. */
export function deviceError(outcome: CallOutcome): LatchkeyError {
  if (outcome.kind === 'timeout') return new LatchkeyError('device-timeout');
  if (outcome.kind === 'busy') return new LatchkeyError('device-busy', 'calls in flight');
  if (outcome.kind === 'error') return new LatchkeyError(deviceErrorCode(outcome.error));
  return new LatchkeyError('device-offline', 'gone');
}

export function deviceErrorCode(error: RpcError): ErrorCode {
  const code = codeOf(error);
  if (code !== undefined && speakable.includes(code)) return code;
  return byNumber[error.code] ?? 'device-answer-invalid';
}

/** ONVIF's `error` notification about the end of a session, or of all of them, for either side. */
export function endNotification(
  session: string | undefined,
  reason: EndReason,
  cause?: LatchkeyError,
  retryAfterSeconds?: number,
): RpcError {
  return {
    code: cause?.entry.rpc ?? endNumbers[reason],
    message: endReasons[reason],
    ...(session === undefined ? {} : { session }),
    data: { reason, ...(retryAfterSeconds === undefined ? {} : { retryAfterSeconds }) },
  };
}

/**
 * Ends a live view that its camera has left. One that keeps to the grant may be ahead of the session's own end by
 * `limits.cameraAheadMsMax`: then it is its time that is over, and that is what both sides and the record are told.
 */
export function leftByCamera(session: Session, clock: Clock): void {
  const { expiresAtMs, pair } = session;
  const ending: EndReason = pair.expiresAtMs > expiresAtMs ? 'time-limit' : 'expired';
  session.end(expiresAtMs - clock.now() > limits.cameraAheadMsMax ? 'camera-left' : ending);
}

/** What a viewer is told when a session ended before there was anything to see. */
export function endedEarly(reason: EndReason, moving: Moving): LatchkeyError {
  if (reason === 'relay-moving') return moving.refusal();
  return new LatchkeyError(earlyCodes[reason]);
}

/** 1002 is ONVIF's `Peer disconnected`; the others borrow the numbers of the table. */
const endNumbers: Readonly<Record<EndReason, number>> = {
  'viewer-left': 1002,
  'camera-left': 1002,
  'camera-replaced': 1002,
  'camera-restarted': 1002,
  'media-silent': 1002,
  'setup-failed': errorTable['device-timeout'].rpc,
  expired: errorTable['token-expired'].rpc,
  revoked: errorTable['not-allowed'].rpc,
  'relay-stopping': errorTable.overloaded.rpc,
  'relay-failed': errorTable.overloaded.rpc,
  'signed-out': errorTable['token-revoked'].rpc,
  'camera-signed-out': 1002,
  quarantined: errorTable['device-quarantined'].rpc,
  'switched-off': errorTable['switched-off'].rpc,
  'time-limit': errorTable['token-expired'].rpc,
  idle: 1002,
  'relay-moving': errorTable['relay-moving'].rpc,
};

const earlyCodes: Readonly<Record<EndReason, ErrorCode>> = {
  'viewer-left': 'peer-gone',
  'camera-left': 'device-offline',
  'camera-replaced': 'device-offline',
  'camera-restarted': 'device-offline',
  'media-silent': 'device-timeout',
  'setup-failed': 'device-timeout',
  expired: 'token-expired',
  revoked: 'not-allowed',
  'relay-stopping': 'overloaded',
  'relay-failed': 'overloaded',
  'signed-out': 'token-revoked',
  'camera-signed-out': 'device-offline',
  quarantined: 'device-quarantined',
  'switched-off': 'switched-off',
  'time-limit': 'token-expired',
  idle: 'device-timeout',
  'relay-moving': 'relay-moving',
};
