import type { AuditLog } from '../audit/index.ts';
import { errorTable } from '../base/index.ts';
import type { SharedCacheObserver } from '../ownership/index.ts';
import type { RelayObserver } from '../relay/index.ts';
import type { SignalingObserver } from '../signaling/index.ts';
import type { Log, Metrics } from '../telemetry/index.ts';
import type { Standing } from './readings.ts';

/** Strangers are counted in the audit too, where there is one. */
export function signalingObserver(metrics: Metrics, log: Log, audit?: AuditLog): SignalingObserver {
  return {
    notAdmitted: (lane, reason) => metrics.count('latchkey_admission_refused_total', { lane, reason }),
    admitted: (lane, waitedMs) => metrics.took('latchkey_admission_wait_seconds', waitedMs, { lane }),
    refused(code, where) {
      metrics.count('latchkey_refusals_total', { code, where });
      if (errorTable[code].http === 401) audit?.strangerRefused(code);
    },
    registered: () => metrics.count('latchkey_registrations_total'),
    unregistered: (reason) => metrics.count('latchkey_registrations_ended_total', { reason }),
    sessionOpened: (flow) => metrics.count('latchkey_sessions_opened_total', { flow }),
    answered: (ms) => metrics.took('latchkey_answer_seconds', ms),
    sessionEnded: (reason) => metrics.count('latchkey_sessions_ended_total', { reason }),
    sessionMoved: () => metrics.count('latchkey_sessions_moved_total'),
    firstMedia(side, ms) {
      if (side === 'camera') metrics.took('latchkey_first_media_seconds', ms);
    },
    toldToMove: (kind) => metrics.count('latchkey_drain_moves_total', { kind }),
    ignored: (what) => metrics.count('latchkey_messages_ignored_total', { what }),
    internal: (error) => fault(metrics, log, error),
  };
}

export function sharedCacheObserver(metrics: Metrics, log: Log): SharedCacheObserver {
  let logged = '';
  return {
    asked: (outcome) => metrics.count('latchkey_shared_cache_questions_total', { outcome }),
    alarm(kind) {
      metrics.count('latchkey_alarms_total', { kind });
      log.warn('an answer did not belong to its question', { kind });
    },
    state(state, code) {
      metrics.count('latchkey_shared_cache_changes_total', { state });
      // A cache that stays away is told of once, and not at every look.
      if (logged === `${state} ${code}`) return;
      logged = `${state} ${code}`;
      log[state === 'connected' || state === 'taken-back' ? 'info' : 'warn']('the shared cache', { state, code });
    },
  };
}

export function relayObserver(metrics: Metrics, log: Log, standing: Standing): RelayObserver {
  return {
    serving(udp, why) {
      standing.build = { ...standing.build, udp };
      log.info('media', { udp, why });
    },
    smallBuffer: (gotBytes) =>
      log.warn('the kernel’s buffers for media are small: raise net.core.rmem_max', { gotBytes }),
    workerDied(error) {
      log.error('a thread for media died and begins again', error);
    },
    finished: (stats) => metrics.finished(stats),
  };
}

export function fault(metrics: Metrics, log: Log, error: unknown): void {
  metrics.count('latchkey_internal_errors_total');
  log.error('a fault of the relay itself', error);
}
