export {
  type AuditLog,
  type AuditPowers,
  type AuditSettings,
  openAuditLog,
} from './audit-log.ts';
export { ExportCheck, type ExportSpan, exportLines, subjectLines } from './export.ts';
export { type AuditKey, type Head, HeadSigner, headText, newAuditKey, readHead } from './heads.ts';
export { type ActOutcome, type OperatorAct, operatorRecord } from './operator-act.ts';
export type { RecordKind } from './records.ts';
export { besideTheWriter, inScribeThread, type StartScribe } from './scribe-link.ts';
export { AuditStore, type StorePlace } from './store.ts';
export { type Finding, type FindingKind, type Verdict, verifyStore } from './verify.ts';
export { type Answer, ask, type KnownName, type RefusedRecord, type Viewing } from './viewings.ts';
export type { WriterObserver } from './writer.ts';
