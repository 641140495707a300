import type { VerifiedCamera, VerifiedViewer } from '../identity/index.ts';
import { isVerifiedCamera, isVerifiedViewer } from '../identity/index.ts';
import type { Session, Sessions } from '../pairing/index.ts';

/**
 * Asked before anything of a camera goes to a viewer's connection: is this a live session of the table, whose pair names
 * exactly that camera's device and that connection's subject? Throws a TypeError where it is not: whoever asks has lost
 * its way, and nothing may travel.
 */
export function demandCrossing(
  sessions: Sessions,
  session: Session,
  viewer: VerifiedViewer,
  camera: VerifiedCamera,
): void {
  if (!isVerifiedViewer(viewer) || !isVerifiedCamera(camera)) throw new TypeError('A crossing without proofs.');
  const { pair } = session;
  if (pair.subject !== viewer.subject) throw new TypeError('A crossing to another subject.');
  if (pair.device !== camera.device) throw new TypeError('A crossing from another device.');
  if (sessions.ofViewer(session.id, pair) !== session || sessions.ofCamera(session.id, camera) !== session)
    throw new TypeError('A crossing of another session.');
}
