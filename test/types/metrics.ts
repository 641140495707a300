// What the compiler refuses: a label of a metric has the words of the room that tells the event, all of them and no others.
import type { AdminObserver, AdminOutcome } from '../../src/admin/index.ts';
import type { RecordKind } from '../../src/audit/index.ts';
import type { EndReason, ErrorCode } from '../../src/base/index.ts';
import type { KeyFault, TicketKeysObserver, TicketRefusal } from '../../src/identity/index.ts';
import type { Revocation } from '../../src/levers/index.ts';
import type {
  AnswerFrom,
  OwnershipAlarm,
  SharedAlarm,
  SharedCacheObserver,
  SharedOutcome,
  SourceFault,
} from '../../src/ownership/index.ts';
import type { ReproofObserver } from '../../src/pairing/index.ts';
import type { Side } from '../../src/relay/index.ts';
import type {
  IgnoredKind,
  Lane,
  MovedKind,
  NotAdmitted,
  TransportObserver,
  UnregisterReason,
  ViewKind,
} from '../../src/signaling/index.ts';
import type { Metrics, SpanOutcome } from '../../src/telemetry/index.ts';
import type { values } from '../../src/telemetry/label-values.ts';
import type { VerificationOutcome } from '../../src/wiring/timed-identity.ts';

type SetName = keyof typeof values;
/** A set of words, and whose they are. */
interface Theirs extends Record<SetName, string> {
  errorCodes: ErrorCode;
  endReasons: EndReason;
  places: 'http' | 'websocket';
  sides: Side;
  lanes: Lane;
  flows: ViewKind;
  unregisterReasons: UnregisterReason;
  notAdmitted: NotAdmitted;
  ignoredKinds: IgnoredKind;
  transportRefusals: First<TransportObserver['refused']>;
  transportDrops: First<TransportObserver['dropped']>;
  verified: VerificationOutcome;
  answers: 'granted' | 'refused' | 'unavailable';
  answerFrom: AnswerFrom;
  alarms: OwnershipAlarm | SharedAlarm;
  sourceFaults: SourceFault;
  reproofs: First<ReproofObserver['reproved']>;
  sharedOutcomes: SharedOutcome;
  sharedStates: First<SharedCacheObserver['state']>;
  keySets: 'taken' | 'failed';
  keyFaults: KeyFault;
  ticketRefusals: TicketRefusal;
  ticketKeys: First<TicketKeysObserver['ticketKeys']>;
  drainMoves: MovedKind;
  reloads: 'taken' | 'refused';
  revocations: Revocation['of'];
  auditRecords: RecordKind;
  adminOperations: First<AdminObserver['asked']>;
  adminOutcomes: AdminOutcome;
  spans: SpanOutcome;
}

type First<Tell> = Parameters<Extract<Tell, (...told: never[]) => void>>[0];
type Declared = { readonly [Name in SetName]: (typeof values)[Name][number] };

/** Each way round: a word that only one of the two has is refused. */
export const theirsAreDeclared = (theirs: Readonly<Theirs>): Declared => theirs;
export const declaredAreTheirs = (declared: Declared): Readonly<Pick<Theirs, SetName>> => declared;

export function refusedByTheCompiler(metrics: Metrics, device: string): void {
  metrics.count('latchkey_alarms_total', { kind: 'cache-mac' });
  // @ts-expect-error a word that no room has
  metrics.count('latchkey_alarms_total', { kind: 'something-else' });
  // @ts-expect-error a name, or whatever else a text may be
  metrics.count('latchkey_sessions_ended_total', { reason: device });
  // @ts-expect-error a label that the metric has not
  metrics.count('latchkey_registrations_total', { device });
  // @ts-expect-error a label is left out
  metrics.count('latchkey_refusals_total', { code: 'internal' });
  // @ts-expect-error no label at all
  metrics.took('latchkey_verification_seconds', 1);
}
