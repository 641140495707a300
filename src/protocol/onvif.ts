import { z } from 'zod';
import { LatchkeyError, limits } from '../base/index.ts';
import { type RpcParams, WrittenResult } from './json-rpc.ts';

/**
 * The messages of the ONVIF WebRTC Specification 26.06, section "Communication Protocol", with Latchkey's additions
 * marked. A schema for each; unknown members are dropped, as JSON-RPC peers of other versions may send them.
 */
export const subprotocol = 'webrtc.onvif.org';

/** The path of the WebSocket on the relay. */
export const webSocketPath = '/webrtc';

const token = z.string().min(1).max(limits.tokenBytesMax);
const session = z.string().min(1).max(64);
const sdp = z.string().max(limits.sdpBytesMax);
const text = z.string().max(128);
const list = z.array(z.string().max(64)).max(16);
const grant = z.string().max(4096);
const seconds = z.number().int().nonnegative();

export const iceServer = z.object({
  urls: z.array(z.string().max(256)).max(8),
  username: z.string().max(512).optional(),
  credential: z.string().max(512).optional(),
});

export const registerParams = z.object({
  authorization: token.optional(),
  name: text.optional(),
  capabilities: list
    .optional()
    .describe('What the device can do. `answer` is an addition to ONVIF: it takes `invite` with an `offer`.'),
  sessions: z
    .array(session)
    .max(limits.sessionsPerDeviceMax)
    .optional()
    .describe(
      'Addition: the live views that a device which comes back still has; those that it does not name are over.',
    ),
});
/** What register, connect and extend have in common: where several tokens are given, they name the same subject. */
export const authorizationParams = z.object({ authorization: token.optional() });
export const registerResult = z.object({
  id: z.string(),
  grantKeys: z
    .object({ keys: z.array(z.record(z.string(), z.unknown())).max(8) })
    .optional()
    .describe('Addition: the JSON Web Key Set (RFC 7517) that a device checks session grants with.'),
  ticket: z
    .string()
    .max(limits.ticketCharactersMax)
    .optional()
    .describe('Addition: what the device may show in `Latchkey-Ticket` beside its token when it comes back.'),
  ticketExpiresInSeconds: z.number().nonnegative().optional().describe('Addition: how long the ticket is good.'),
  sessions: z
    .array(session)
    .max(limits.sessionsPerDeviceMax)
    .optional()
    .describe(
      'Addition, where the device has named its own: the live views that go on. It ends those that are not there.',
    ),
});

/** The header of an upgrade in which a device shows a reconnect ticket. */
export const ticketHeader = 'latchkey-ticket';

/**
 * Addition: the header of an upgrade in which whoever proves by it who they are sends their first message along, in ASCII. The relay takes it for the first one of
 * the connection, whose answer comes with the handshake, and says so by the same header with `firstMessageTaken`; otherwise it is still to be sent.
 */
export const firstMessageHeader = 'latchkey-first-message';
export const firstMessageTaken = 'taken';

/** Client to server. */
export const connectParams = z.object({
  peer: z.string().min(1).max(limits.deviceIdCharactersMax),
  authorization: token.optional(),
  profile: text.optional(),
  offer: sdp.optional().describe('Addition: the client’s offer; a device that can answer answers it in the result.'),
});
export const connectResult = z.object({
  session,
  iceServers: z.array(iceServer).max(8).optional(),
  expiryTimeSeconds: seconds.optional(),
  capabilities: list.optional(),
  answer: sdp.optional().describe('Addition: the device’s answer, where the client has made the offer.'),
});

/** Server to device. */
export const deviceConnectParams = z.object({
  session,
  profile: text.optional(),
  iceServers: z.array(iceServer).max(8).optional(),
  expiryTimeSeconds: seconds.optional(),
});
export const deviceConnectResult = z.object({ capabilities: list.optional() });

/**
 * Device to server to client; with Latchkey's `grant`, also server to a device that can `answer`. As an addition, a client
 * sends it to restart ICE in a live view of such a device (RFC 8839 section 4.4.1), and gets the new answer.
 */
export const inviteParams = z.object({
  session,
  offer: sdp,
  subprotocols: list.optional(),
  profile: text.optional(),
  expiryTimeSeconds: seconds.optional(),
  grant: grant.optional().describe('Addition, server to device: the session grant, which the device checks.'),
});
export const inviteResult = z.object({
  answer: sdp,
  subprotocols: list.optional(),
  grant: grant.optional().describe('Addition, server to device: the session grant, which the device checks.'),
});

/** RTCIceCandidateInit; an empty candidate says that there are no more (RFC 8838). */
export const trickleParams = z.object({
  session,
  candidate: z
    .object({
      candidate: z.string().max(1024).optional(),
      sdpMid: z.string().max(64).nullish(),
      sdpMLineIndex: z.number().int().min(0).max(limits.sdpMediaSectionsMax).nullish(),
      usernameFragment: z.string().max(limits.iceUfragCharactersMax).nullish(),
    })
    .nullish(),
});

export const extendParams = z.object({
  session,
  authorization: token.optional(),
  expiryTimeSeconds: seconds.optional(),
  grant: grant.optional().describe('Addition, server to device: the grant for the time that was added.'),
});
export const extendResult = z.object({ expiryTimeSeconds: seconds });

/** Addition, either side to server: this side is done with a session and stays registered. */
export const leaveParams = z.object({ session });

/** What `GET /devices` gives a viewer. */
export const deviceListing = z.object({
  devices: z.array(
    z.object({
      id: z.string(),
      name: z.string().optional(),
      role: z.enum(['owner', 'viewer']),
      state: z.enum(['online', 'offline']),
      /** When a share ends, as an ISO 8601 time. */
      until: z.string().optional(),
    }),
  ),
});
export type RegisterResult = z.infer<typeof registerResult>;
export type DeviceListing = z.infer<typeof deviceListing>;
export type TrickleCandidate = z.infer<typeof trickleParams>['candidate'];
export type IceServer = z.infer<typeof iceServer>;

/** A device's `register` result. `grantKeysJson` is the same for all of them, and so was written once. */
export function writeRegisterResult(own: Omit<RegisterResult, 'grantKeys'>, grantKeysJson: string): WrittenResult {
  return new WrittenResult(`{"grantKeys":${grantKeysJson},${JSON.stringify(own).slice(1)}`);
}

/** The token among the parameters of register, connect or extend. Throws `params-invalid`. */
export function authorizationOf(params: RpcParams): string | undefined {
  return params.authorization === undefined ? undefined : read(authorizationParams, params).authorization;
}

/** Reads parameters by their schema. Throws `params-invalid`, which names the member and never its value. */
export function read<T>(schema: z.ZodType<T>, params: unknown): T {
  const parsed = schema.safeParse(params);
  if (parsed.success) return parsed.data;
  const at = parsed.error.issues[0]?.path.map(String).join('.');
  throw new LatchkeyError('params-invalid', at === '' ? undefined : at);
}
