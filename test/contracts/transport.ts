import { hostileClaims } from './transport-hostile.ts';
import { httpClaims } from './transport-http.ts';
import { lifeClaims } from './transport-life.ts';
import type { TransportClaim } from './transport-stage.ts';
import { webSocketClaims } from './transport-websocket.ts';

/** The contract of `Transport`: every implementation keeps every one of these claims. */
export const transportClaims: readonly TransportClaim[] = [
  ...httpClaims,
  ...webSocketClaims,
  ...lifeClaims,
  ...hostileClaims,
];
