import { type AuditLog, besideTheWriter, openAuditLog } from '../../../src/audit/index.ts';
import type { WriterObserver } from '../../../src/audit/writer.ts';
import { deviceId, limits } from '../../../src/base/index.ts';
import { createSessions, type MediaFigures, type Session } from '../../../src/pairing/index.ts';
import { ManualClock } from '../../support/manual-clock.ts';
import { cameraProof, pairProof, viewerProof } from '../../support/proofs.ts';
import { seededRandom } from '../../support/seeded-random.ts';
import { AuditPlace } from './audit-place.ts';

/** A record with real sessions, on a clock that stands still, whose scribe is beside it. */
export async function audited(
  settings: Partial<Parameters<typeof openAuditLog>[1]> = {},
  observer: WriterObserver = {},
) {
  const place = new AuditPlace();
  const clock = new ManualClock();
  const random = seededRandom(3);
  const startScribe = besideTheWriter(random);
  const all = { required: true, namesMsMax: undefined, recordsMsMax: undefined, version: '1.0.0', ...settings };
  const open = () => openAuditLog(place.place, all, { clock, startScribe }, observer);
  let log = await open();
  const sessions = createSessions({ lifetimeMsMax: 3_600_000, perDeviceMax: 9, perSubjectMax: 9 }, clock, random);

  const world = {
    place,
    clock,
    get log(): AuditLog {
      return log;
    },
    /** A live view that has begun, and is on record. */
    async begin(subject: string, device: string, figures?: MediaFigures): Promise<Session> {
      const session = sessions.open(pairProof(subject, device, clock.now()));
      await log.trail.began({
        session,
        camera: cameraProof(device, clock.now()),
        flow: 'answer',
        figures: () => figures,
      });
      return session;
    },
    end(session: Session, figures?: MediaFigures): void {
      log.trail.ended(session, { reason: 'viewer-left', cause: undefined, atMs: clock.now(), figures });
    },
    refuse: (subject: string, device: string) =>
      log.trail.refused(viewerProof(subject, clock.now()), deviceId(device), 'not-allowed'),
    /** Lets what was said be written. */
    settle: () => new Promise<void>((resolve) => setImmediate(resolve)),
    /** A second in which the relay says that it lives. */
    async live(): Promise<void> {
      clock.advance(limits.auditAliveMs);
      await world.settle();
    },
    /** Another relay on the same record. */
    openAnother: open,
    /** The process is gone as on SIGKILL, and another begins. */
    async killAndStart(runsHere: Set<string>): Promise<void> {
      runsHere.clear();
      log = await open();
    },
    async [Symbol.asyncDispose](): Promise<void> {
      await log.close();
      place[Symbol.dispose]();
    },
  };
  return world;
}

/** What a live view has carried: a picture between two times. */
export function picture(fromMs: number, untilMs: number): MediaFigures {
  const none = { packets: 2, bytes: 200, rtpPackets: 0, firstMediaAtMs: undefined, lastMediaAtMs: undefined };
  return {
    viewer: none,
    camera: { packets: 50, bytes: 48_000, rtpPackets: 45, firstMediaAtMs: fromMs, lastMediaAtMs: untilMs },
  };
}
