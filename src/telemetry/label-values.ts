import { endReasons, errorTable } from '../base/index.ts';

/**
 * Every value that a label of a counter or a histogram can have. A room’s own words are declared here again, because no room is known
 * here: the compiler refuses a word that a room has and this file has not, and `test/types/metrics.ts` one that only this file has.
 */
export const values = {
  errorCodes: keysOf(errorTable),
  endReasons: keysOf(endReasons),
  places: ['http', 'websocket'],
  sides: ['viewer', 'camera'],
  lanes: ['viewer', 'camera'],
  flows: ['onvif', 'answer', 'whep'],
  unregisterReasons: [
    'asked',
    'closed',
    'replaced',
    'expired',
    'stopping',
    'token-revoked',
    'device-quarantined',
    'switched-off',
  ],
  notAdmitted: ['early', 'told', 'full', 'late', 'lag', 'attempts', 'failures', 'registrations'],
  ignoredKinds: ['unknown-answer', 'candidate', 'notification', 'device-fault'],
  transportRefusals: ['overloaded', 'request-malformed', 'headers-too-large'],
  transportDrops: ['slow', 'silent', 'too-large', 'binary', 'malformed'],
  verified: ['viewer', 'camera', 'refused', 'unavailable'],
  answers: ['granted', 'refused', 'unavailable'],
  answerFrom: ['cache', 'shared', 'source'],
  alarms: [
    'cache-mac',
    'cache-crossed',
    'source-crossed',
    'flight-crossed',
    'source-malformed',
    'source-mac',
    'shared-seal',
    'shared-crossed',
    'shared-stale',
    'shared-foreign',
  ],
  sourceFaults: [
    'unreachable',
    'late',
    'refused',
    'failed',
    'malformed',
    'too-large',
    'busy',
    'resting',
    'not-listening',
    'unheard',
  ],
  reproofs: ['holds', 'ended', 'unanswered'],
  sharedOutcomes: ['hit', 'miss', 'outdated', 'alarm', 'unavailable', 'left-out'],
  sharedStates: ['connected', 'lost', 'late', 'refused', 'left-out', 'taken-back'],
  keySets: ['taken', 'failed'],
  keyFaults: ['symmetric', 'purpose', 'kind'],
  ticketRefusals: [
    'malformed',
    'key',
    'mac',
    'issuer',
    'algorithm',
    'issuer-key',
    'rules',
    'not-yet',
    'expired',
    'revoked',
  ],
  ticketKeys: ['rotated', 'taken', 'failed'],
  revocations: ['subject', 'device', 'token', 'all'],
  spans: ['exported', 'failed', 'dropped'],
} as const;

function keysOf<Key extends string>(table: Readonly<Record<Key, unknown>>): readonly Key[] {
  return Object.keys(table) as Key[];
}
