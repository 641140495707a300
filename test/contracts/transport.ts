import { hostileClaims } from './transport-hostile.ts';
import { httpClaims } from './transport-http.ts';
import { lifeClaims } from './transport-life.ts';
import { renewalClaims } from './transport-renewal.ts';
import type { TransportClaim } from './transport-stage.ts';
import { upgradeClaims } from './transport-upgrade.ts';
import { webSocketClaims } from './transport-websocket.ts';

/** The contract of `Transport`: every implementation keeps every one of these claims. */
export const transportClaims: readonly TransportClaim[] = [
  // First, while the process is young: there the library's own memory is still in motion.
  ...upgradeClaims,
  ...httpClaims,
  ...webSocketClaims,
  ...lifeClaims,
  ...renewalClaims,
  ...hostileClaims,
];
