/**
 * The closed table of everything that Latchkey can answer instead of a picture.
 * `rpc` is the JSON-RPC error code (ONVIF WebRTC 26.06 uses HTTP-like numbers and 1001 to 1003), `http` the status of
 * an RFC 9457 problem document, `close` the WebSocket close code where the connection ends with it (RFC 6455 section 7.4),
 * `text` one line for the reader who got it: what happened, what to do.
 */
export const errorTable = {
  'token-missing': {
    rpc: 401,
    http: 401,
    close: 4401,
    text: 'No token was given. Send one as "Authorization: Bearer …".',
  },
  'token-malformed': {
    rpc: 401,
    http: 401,
    close: 4401,
    text: 'The token is not a signed JWT. Ask your issuer for a new one.',
  },
  'token-algorithm': {
    rpc: 401,
    http: 401,
    close: 4401,
    text: 'The token is signed with an algorithm that is not allowed here.',
  },
  'token-signature': { rpc: 401, http: 401, close: 4401, text: 'The token was not signed by a key of its issuer.' },
  'token-issuer': {
    rpc: 401,
    http: 401,
    close: 4401,
    text: 'The token comes from an issuer that is not trusted here.',
  },
  'token-audience': {
    rpc: 401,
    http: 401,
    close: 4401,
    text: 'The token is meant for something else. A viewer and a camera need different tokens.',
  },
  'token-claims': {
    rpc: 401,
    http: 401,
    close: 4401,
    text: 'The token lacks a claim that is required: iss, aud, sub, exp and iat.',
  },
  'token-expired': { rpc: 401, http: 401, close: 4401, text: 'The token has expired. Sign in again.' },
  'token-not-yet': { rpc: 401, http: 401, close: 4401, text: 'The token is not valid yet. Check the clocks.' },
  'token-lifetime': {
    rpc: 401,
    http: 401,
    close: 4401,
    text: 'The token lives longer than is allowed here. Ask for a shorter one.',
  },
  'token-conflict': {
    rpc: 401,
    http: 401,
    close: 4401,
    text: 'Two tokens were given and they name different subjects. Send one.',
  },
  'token-revoked': {
    rpc: 401,
    http: 401,
    close: 4401,
    text: 'The token was taken back. Ask your issuer for a new one.',
  },
  'ticket-invalid': {
    rpc: 401,
    http: 401,
    close: 4401,
    text: 'The reconnect ticket is not good, or no longer. Send the token.',
  },
  'keys-unavailable': {
    rpc: 503,
    http: 503,
    close: 1013,
    text: 'The keys of the token’s issuer cannot be had right now. Try again soon.',
  },

  'not-allowed': { rpc: 403, http: 403, text: 'You may not watch this device, or it does not exist.' },
  'source-unavailable': {
    rpc: 503,
    http: 503,
    text: 'Who owns this device cannot be established right now. Try again soon.',
  },

  'id-invalid': { rpc: -32602, http: 400, text: 'An id is empty, too long, or has characters that ids cannot have.' },
  'message-not-json': { rpc: -32700, http: 400, text: 'The message is not JSON.' },
  'message-invalid': { rpc: -32600, http: 400, text: 'The message is not a JSON-RPC 2.0 request or response.' },
  'method-unknown': { rpc: -32601, http: 404, text: 'There is no such method.' },
  'params-invalid': {
    rpc: -32602,
    http: 400,
    text: 'A parameter is missing, of the wrong type, or out of its bounds.',
  },
  'out-of-order': { rpc: -32600, http: 409, text: 'The message does not belong here. Register first, and only once.' },
  'not-registered': { rpc: 404, http: 404, text: 'You are not registered. Register first.' },
  'device-mismatch': {
    rpc: 403,
    http: 403,
    text: 'The relay knows this camera by another name than its own. Check its token, and the name that was set.',
  },
  'registration-replaced': {
    rpc: 409,
    http: 409,
    close: 4409,
    text: 'The same device registered again from somewhere else.',
  },
  'subprotocol-missing': {
    rpc: -32600,
    http: 400,
    text: 'The WebSocket must ask for the subprotocol webrtc.onvif.org.',
  },
  'message-too-large': { rpc: -32600, http: 413, close: 1009, text: 'The message is too large.' },
  'rate-exceeded': { rpc: 429, http: 429, close: 1008, text: 'Too many messages. Slow down.' },
  'register-timeout': { rpc: 408, http: 408, close: 4408, text: 'No register arrived in time.' },
  overloaded: {
    rpc: 503,
    http: 503,
    close: 1013,
    text: 'The relay is full right now. Try again after the time it names.',
  },

  'sdp-empty': { rpc: 400, http: 400, text: 'The session description is empty.' },
  'sdp-too-large': { rpc: 400, http: 413, text: 'The session description is too large.' },
  'sdp-malformed': { rpc: 400, http: 400, text: 'The session description cannot be read (RFC 8866).' },
  'sdp-no-media': { rpc: 400, http: 400, text: 'The session description has no media section.' },
  'sdp-no-fingerprint': {
    rpc: 400,
    http: 400,
    text: 'The session description lacks a DTLS fingerprint of SHA-256 or better.',
  },
  'sdp-no-ice': { rpc: 400, http: 400, text: 'The session description lacks usable ICE credentials (RFC 8839).' },
  'sdp-bundle': { rpc: 400, http: 400, text: 'All media must be in exactly one BUNDLE group, with rtcp-mux.' },
  'sdp-forbidden': { rpc: 400, http: 400, text: 'The session description has an attribute that is not allowed here.' },
  'candidate-malformed': { rpc: 1003, http: 400, text: 'The ICE candidate is malformed.' },
  'media-type': { rpc: 400, http: 415, text: 'The request must carry application/sdp.' },

  'device-offline': { rpc: 480, http: 409, text: 'The camera is not connected right now.' },
  'device-busy': { rpc: 1001, http: 503, text: 'The camera has as many viewers as it can serve.' },
  'device-timeout': { rpc: 408, http: 504, text: 'The camera did not answer in time.' },
  'device-answer-invalid': { rpc: 480, http: 502, text: 'The camera gave an answer that cannot be used.' },
  'device-cannot-answer': {
    rpc: 406,
    http: 406,
    text: 'The camera makes its own offers and cannot answer one. Use the WebSocket protocol.',
  },
  'device-refused': { rpc: 403, http: 403, text: 'The camera itself refused this viewer.' },
  'viewer-timeout': { rpc: 408, http: 408, text: 'The viewer did not answer in time.' },

  'relay-unreachable': { rpc: 503, http: 503, text: 'The relay cannot be reached right now. Try again soon.' },
  'codec-mismatch': { rpc: 488, http: 406, text: 'The camera and the viewer have no video codec in common.' },

  'session-unknown': { rpc: 404, http: 404, text: 'There is no such session for you.' },
  'session-limit': { rpc: 1001, http: 503, text: 'You have as many live views open as are allowed.' },
  'peer-gone': { rpc: 410, http: 410, text: 'The other side of the session is gone.' },

  'request-malformed': { rpc: -32600, http: 400, text: 'The HTTP request is malformed.' },
  'request-timeout': { rpc: 408, http: 408, text: 'The request did not arrive in time.' },
  'headers-too-large': { rpc: -32600, http: 431, text: 'The request has too many headers, or too large ones.' },
  'not-found': { rpc: 404, http: 404, text: 'There is nothing here.' },
  'precondition-required': {
    rpc: -32600,
    http: 428,
    text: 'The request must say which state it changes: send If-Match.',
  },
  'precondition-failed': { rpc: -32600, http: 412, text: 'The session has changed since. Read its ETag again.' },
  'method-not-allowed': { rpc: -32601, http: 405, text: 'This address does not take that method.' },
  'settings-invalid': { rpc: -32603, http: 422, text: 'The configuration is not usable.' },
  internal: { rpc: -32603, http: 500, close: 1011, text: 'Something went wrong inside the relay.' },

  'device-quarantined': {
    rpc: 403,
    http: 403,
    close: 4403,
    text: 'The operator of the relay has taken this camera out of service.',
  },
  'switched-off': {
    rpc: 503,
    http: 503,
    close: 1013,
    text: 'The operator of the relay has switched this off for now. Try again later.',
  },
  'connection-idle': {
    rpc: 408,
    http: 408,
    close: 4408,
    text: 'The connection was of no use for long. Connect again.',
  },
  'connection-limit': {
    rpc: 429,
    http: 429,
    close: 1008,
    text: 'You have as many connections open as are allowed. Close one.',
  },
  'lever-unkept': {
    rpc: 500,
    http: 500,
    text: 'It could not be written down. What takes away counts until a restart; what gives back does not count.',
  },
  'audit-unavailable': {
    rpc: 503,
    http: 503,
    text: 'Who watches cannot be put on record right now, so nothing new is shown. Try again soon.',
  },
  'admin-credential': {
    rpc: 401,
    http: 401,
    text: 'The admin API takes no request without a credential that it knows. Send it as "Authorization: Bearer …".',
  },
  'host-unknown': {
    rpc: -32600,
    http: 421,
    text: 'The admin API does not go by that name. Use its address, localhost, or a name in admin.names.',
  },
  'json-required': { rpc: -32600, http: 415, text: 'The request must carry application/json.' },
  'not-offered': { rpc: -32601, http: 501, text: 'This relay does not offer that.' },
  'relay-moving': {
    rpc: 503,
    http: 503,
    close: 1012,
    text: 'The relay is about to restart. Come back after the time it names.',
  },
} as const satisfies Record<string, ErrorEntry>;

export interface ErrorEntry {
  rpc: number;
  http: number;
  close?: number;
  text: string;
}

/** Each code is a key of the table; there are no others. */
export type ErrorCode = keyof typeof errorTable;

/**
 * Bad input, a refusal or an outage: the one error class that reaches a peer.
 * What the peer reads is the table's line. `detail` is for logs and for the operator's own input: it never travels to a stranger.
 */
export class LatchkeyError extends Error {
  readonly code: ErrorCode;
  readonly detail: string | undefined;
  /** How long the peer should wait before it tries again, in seconds. */
  readonly retryAfterSeconds: number | undefined;

  constructor(code: ErrorCode, detail?: string, options?: ErrorOptions & { retryAfterSeconds?: number }) {
    super(detail === undefined ? errorTable[code].text : `${errorTable[code].text} (${detail})`, options);
    this.name = 'LatchkeyError';
    this.code = code;
    this.detail = detail;
    this.retryAfterSeconds = options?.retryAfterSeconds;
  }

  get entry(): ErrorEntry {
    return errorTable[this.code];
  }
}

/** Turns whatever was thrown into an error of the table; what is not ours becomes `internal`, with its cause kept. */
export function asLatchkeyError(thrown: unknown): LatchkeyError {
  return thrown instanceof LatchkeyError ? thrown : new LatchkeyError('internal', undefined, { cause: thrown });
}

/** The code of the table that `text` spells, if it does. */
export function asErrorCode(text: string): ErrorCode | undefined {
  return Object.hasOwn(errorTable, text) ? (text as ErrorCode) : undefined;
}

/** Why a live view ended, told to both sides. `text` is for the person who watches. */
export const endReasons = {
  'viewer-left': 'You stopped watching.',
  'camera-left': 'The camera went away.',
  'camera-replaced': 'The camera connected again from somewhere else.',
  'camera-restarted': 'The camera has started again.',
  'media-silent': 'The connection was lost.',
  'setup-failed': 'The live view could not be set up.',
  expired: 'Your permission to watch has ended.',
  revoked: 'Your permission to watch was taken back.',
  'relay-stopping': 'The relay is restarting.',
  'relay-failed': 'A part of the relay failed and began again.',
  'signed-out': 'You were signed out. Sign in again.',
  'camera-signed-out': 'The camera’s permission to connect was taken back.',
  quarantined: 'The operator has taken this camera out of service.',
  'switched-off': 'The operator has switched this off for now.',
  'time-limit': 'The live view has lasted for as long as one may. Start it again.',
  idle: 'No picture came for a long time.',
  'relay-moving': 'The relay is about to restart; the live view goes on elsewhere.',
} as const;

export type EndReason = keyof typeof endReasons;
