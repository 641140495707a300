import { randomUUID } from 'node:crypto';
import { type Clock, type DeviceId, type ErrorCode, limits, type SessionId } from '../base/index.ts';
import { isVerifiedCamera, isVerifiedViewer, type VerifiedCamera, type VerifiedViewer } from '../identity/index.ts';
import {
  type Beginning,
  type Ending,
  isVerifiedPair,
  type MediaFigures,
  type Session,
  type SideFigures,
  type Trail,
  type VerifiedPair,
} from '../pairing/index.ts';
import { canonical, type JsonObject } from './canonical.ts';
import type { SignOfLife } from './messages.ts';
import { type NewName, newName, newRecord, type RecordKind } from './records.ts';
import { Refusals } from './refusals.ts';
import type { Entry, Writer } from './writer.ts';

/** A live view that has begun and not ended. */
interface Live {
  readonly beginning: Beginning;
  readonly entry: Entry;
}

/** Puts live views on record. What it is given it looks at as a door does: no likeness of a proof is written down. */
export class LiveTrail implements Trail {
  readonly #writer: Writer;
  readonly #clock: Clock;
  readonly #required: boolean;
  readonly #live = new Map<SessionId, Live>();
  readonly refusals: Refusals;
  /** Whose figures are looked at next. */
  #round: IterableIterator<Live> | undefined;

  /** `required`: what cannot be put on record does not begin. */
  constructor(writer: Writer, clock: Clock, required: boolean) {
    this.#writer = writer;
    this.#clock = clock;
    this.#required = required;
    this.refusals = new Refusals(clock, (record) => void writer.append(record, 'kept'), randomUUID);
  }

  async began(beginning: Beginning): Promise<void> {
    const { session, camera, flow } = beginning;
    const { pair } = session;
    demandPair(session);
    demandCamera(session, camera);
    const body = { flow, role: pair.role, expiresAtMs: session.expiresAtMs };
    const names = [subjectName(pair), deviceName(camera)];
    const record = newRecord('session-started', session.startedAtMs, body, { session: session.id, names });
    const entry = this.#writer.append(record, this.#required ? 'now' : 'kept');
    this.#live.set(session.id, { beginning, entry });
    try {
      await entry.written;
    } catch (thrown) {
      if (this.#required) throw thrown;
    }
  }

  mediaBegan(session: Session, side: 'viewer' | 'camera', atMs: number): void {
    this.#note('media-started', session, { side, atMs });
  }

  extended(session: Session): void {
    // The table tells of a new session too, before its live view has.
    if (!this.#live.has(session.id)) return;
    demandPair(session);
    const { role } = session.pair;
    this.#note('session-extended', session, { role, expiresAtMs: session.expiresAtMs }, [subjectName(session.pair)]);
  }

  reproved(session: Session, fresh: VerifiedPair | undefined): void {
    demandPair(session);
    if (fresh === undefined) {
      this.#note('session-reproved', session, { holds: false });
      return;
    }
    if (!isVerifiedPair(fresh) || fresh.subject !== session.pair.subject || fresh.device !== session.pair.device) {
      throw new TypeError('A live view rests on a pair of its own.');
    }
    this.#note('session-reproved', session, { holds: true, role: fresh.role }, [subjectName(fresh)]);
  }

  moved(session: Session, camera: VerifiedCamera): void {
    demandCamera(session, camera);
    this.#note('session-moved', session, {}, [deviceName(camera)]);
  }

  ended(session: Session, { reason, cause, atMs, figures }: Ending): void {
    const live = this.#live.get(session.id);
    if (live === undefined) return;
    this.#live.delete(session.id);
    // What never came to be on record never began: nothing was shown.
    if (live.entry.dropped && this.#required) return;
    const body = { reason, cause, endedAtMs: atMs, figures: figures && figuresBody(figures) };
    this.#writer.append(newRecord('session-ended', this.#clock.now(), body, { session: session.id }), 'end');
  }

  refused(viewer: VerifiedViewer, device: DeviceId, code: ErrorCode): void {
    if (!isVerifiedViewer(viewer))
      throw new TypeError('A refusal is put on record of a VerifiedViewer and of nobody else.');
    const { issuer, tokenId } = viewer.evidence;
    this.refusals.refused({ subject: viewer.subject, device, code, token: { issuer, tokenId } });
  }

  /** What some of the live views have carried, the next ones each time. */
  figures(): SignOfLife['figures'] {
    const found: [string, string][] = [];
    for (let looks = 0; looks < Math.min(this.#live.size, limits.auditFiguresPerLookMax); looks++) {
      const next = this.#next();
      if (next === undefined) break;
      const figures = next.beginning.figures();
      if (figures !== undefined) found.push([next.beginning.session.id, canonical(figuresBody(figures))]);
    }
    return found;
  }

  #next(): Live | undefined {
    this.#round ??= this.#live.values();
    const { value, done } = this.#round.next();
    if (!done) return value;
    this.#round = undefined;
    return undefined;
  }

  #note(kind: RecordKind, session: Session, body: JsonObject, names: readonly NewName[] = []): void {
    const live = this.#live.get(session.id);
    if (live === undefined || (live.entry.dropped && this.#required)) return;
    this.#writer.append(newRecord(kind, this.#clock.now(), body, { session: session.id, names }), 'kept');
  }
}

function demandPair(session: Session): void {
  if (!isVerifiedPair(session.pair)) throw new TypeError('A live view is put on record with a VerifiedPair alone.');
}

function demandCamera(session: Session, camera: VerifiedCamera): void {
  if (!isVerifiedCamera(camera)) throw new TypeError('A live view is put on record with a VerifiedCamera alone.');
  if (camera.device !== session.pair.device) throw new TypeError('A live view of another device.');
}

/** The person, and what it was believed for. */
function subjectName({ subject, evidence }: VerifiedPair): NewName {
  const { token, source, version } = evidence;
  const { issuer, tokenId, issuedAtMs, expiresAtMs } = token;
  return newName('subject', subject, {
    token: { issuer, tokenId, issuedAtMs, expiresAtMs },
    ownership: { source, version },
  });
}

function deviceName({ device, evidence }: VerifiedCamera): NewName {
  const { issuer, tokenId, issuedAtMs, expiresAtMs, ticket } = evidence;
  return newName('device', device, { token: { issuer, tokenId, issuedAtMs, expiresAtMs, ticket } });
}

function figuresBody({ viewer, camera }: MediaFigures): JsonObject {
  return { viewer: sideBody(viewer), camera: sideBody(camera) };
}

function sideBody({ packets, bytes, rtpPackets, firstMediaAtMs, lastMediaAtMs }: SideFigures): JsonObject {
  return { packets, bytes, rtpPackets, firstMediaAtMs, lastMediaAtMs };
}
