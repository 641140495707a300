import type { VerifiedPair } from '../../pairing/index.ts';
import type { DeviceListing } from '../../protocol/index.ts';
import { viewerOf } from '../bearer.ts';
import type { Core } from '../parts.ts';
import { demandUnrefused } from '../thrown.ts';
import type { HttpRequest, HttpResponse } from '../transport/transport.ts';

/** `GET /devices`: the devices that this viewer may see now, and no other. Throws what `viewerOf` does, and `source-unavailable`. */
export async function devices(core: Core, request: HttpRequest): Promise<HttpResponse> {
  const viewer = await viewerOf(core, request);
  const pairs = await core.pairing.pairsOf(viewer);
  demandUnrefused(core, viewer);
  if (pairs.some((pair) => pair.subject !== viewer.subject)) throw new TypeError('A listing of another subject.');
  const listing: DeviceListing = { devices: pairs.map((pair) => entry(core, pair)) };
  return {
    status: 200,
    headers: { 'Content-Type': 'application/json', 'Cache-Control': 'no-store' },
    body: JSON.stringify(listing),
  };
}

function entry(core: Core, pair: VerifiedPair): DeviceListing['devices'][number] {
  const registration = core.registrations.get(pair.device);
  const isShare = pair.expiresAtMs < pair.evidence.token.expiresAtMs;
  return {
    id: pair.device,
    ...(registration?.name === undefined ? {} : { name: registration.name }),
    role: pair.role,
    state: registration === undefined ? 'offline' : 'online',
    ...(isShare ? { until: new Date(pair.expiresAtMs).toISOString() } : {}),
  };
}
