export { bitsPerSecond, bytes, counted, duration, inWords, milliseconds, rate, whole } from './client/figures.ts';
export { type Credential, newAdminToken, readCredentials } from './credentials.ts';
export { openApi } from './openapi.ts';
export { type AnswerOf, type Operation, type OperationId, operations, problemDocument } from './operations.ts';
export type {
  ActRecord,
  AdminObserver,
  AdminOutcome,
  AdminPowers,
  AuditReader,
  Sighting,
  Sightings,
} from './powers.ts';
export { type Admin, type AdminSettings, type AdminTls, openAdmin } from './server.ts';
export { type NodeStatus, type Sample, type StatusAnswer, sampleColumns } from './status.ts';
