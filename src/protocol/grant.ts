import { z } from 'zod';

/**
 * The claims of a session grant: a JWS (EdDSA, `typ: latchkey-grant+jwt`) in which the relay tells a camera whom it is
 * about to show itself to. The camera refuses whatever it does not say.
 */
export const grantClaims = z.object({
  iss: z.string().min(1),
  /** The session that the grant is for. */
  sid: z.string().min(1),
  /** The person who watches. */
  sub: z.string().min(1),
  /** The camera. */
  device: z.string().min(1),
  role: z.enum(['owner', 'viewer']),
  /** The viewer's DTLS certificate fingerprints, each `algorithm AA:BB:…` as in SDP (RFC 8122), lower-case algorithm. */
  fingerprints: z.array(z.string().min(1)).min(1).max(8),
  iat: z.number(),
  exp: z.number(),
});
export type GrantClaims = z.infer<typeof grantClaims>;

export const grantType = 'latchkey-grant+jwt';
