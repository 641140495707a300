import type { DeviceId, SubjectId } from '../base/index.ts';
import { isVerifiedViewer, type VerifiedViewer } from '../identity/index.ts';
import type { OwnershipAnswer, OwnershipSource } from './source.ts';

/**
 * The issuer as the source: a viewer may see the devices that their own verified token names, for as long as it lives. What one
 * token names is never known of another, be it of the same subject.
 */
export function claimsSource(): OwnershipSource {
  let closed = false;

  /** What the token of this very viewer names; throws for anybody else. */
  function namedBy(viewer: VerifiedViewer | undefined, subject: SubjectId, signal: AbortSignal): readonly DeviceId[] {
    if (closed) throw new Error('the source is closed');
    signal.throwIfAborted();
    if (!isVerifiedViewer(viewer)) throw new TypeError('Claims are those of a VerifiedViewer and of nobody else.');
    if (viewer.subject !== subject) throw new TypeError('Claims of one subject do not answer for another.');
    return viewer.devices;
  }

  return {
    name: 'claims',
    restsOnToken: true,
    async ask({ subject, device }, signal, viewer) {
      const role = namedBy(viewer, subject, signal).includes(device) ? 'viewer' : undefined;
      return { subject, device, role, notAfterMs: undefined, version };
    },
    async devicesOf(subject, signal, viewer) {
      return namedBy(viewer, subject, signal).map(
        (device): OwnershipAnswer => ({ subject, device, role: 'viewer', notAfterMs: undefined, version }),
      );
    },
    async close() {
      closed = true;
    },
  };
}

const version = 'token';
