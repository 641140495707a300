import type { DeviceId } from '../base/index.ts';
import type { VerifiedCamera, VerifiedViewer } from '../identity/index.ts';
import type { VerifiedPair } from '../pairing/index.ts';
import type { LeverChange, Supposed } from './index.ts';
import { isOnAt } from './switch-position.ts';

/** What a change would stand against of what is live now, and was issued before. Throws `params-invalid` for a position that is none. */
export function supposedBy(change: LeverChange): Supposed {
  if ('revocation' in change) return ofRevocation(change.revocation);
  const { feature } = change;
  const isOn = isOnAt(change.position);
  return {
    pair: ({ device, role }) =>
      (feature === 'live-view' || (feature === 'sharing' && role !== 'owner')) && !isOn(device),
    holder: (holder) => feature === 'registration' && holder.kind === 'camera' && !isOn(holder.device),
    whep: (device) => feature === 'whep' && !isOn(device),
  };
}

function ofRevocation(revocation: Extract<LeverChange, { revocation: unknown }>['revocation']): Supposed {
  const isVoid = (bearer: string, { tokenId }: VerifiedViewer['evidence']) => {
    if (revocation.of === 'token') return tokenId === revocation.tokenId;
    return revocation.of === 'all' || (revocation.of === 'subject' && bearer === (revocation.subject as string));
  };
  const inQuarantine = (device: DeviceId) => revocation.of === 'device' && device === revocation.device;
  return {
    pair: ({ subject, device, evidence }: VerifiedPair) => isVoid(subject, evidence.token) || inQuarantine(device),
    holder: (holder: VerifiedViewer | VerifiedCamera) =>
      holder.kind === 'viewer'
        ? isVoid(holder.subject, holder.evidence)
        : isVoid(holder.device, holder.evidence) || inQuarantine(holder.device),
    whep: () => false,
  };
}
