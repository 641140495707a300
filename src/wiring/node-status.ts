import type { NodeStatus } from '../admin/index.ts';
import type { AuditLog } from '../audit/index.ts';
import type { Clock } from '../base/index.ts';
import { features, type RelayLevers } from '../levers/index.ts';
import type { Relay } from '../relay/index.ts';
import type { Signaling } from '../signaling/index.ts';
import type { Tallies } from './tallies.ts';

/** Where the status of a node is read from. */
export interface StatusSources {
  readonly clock: Clock;
  readonly version: string;
  readonly tallies: Tallies;
  readonly relay: Relay;
  readonly signaling: Pick<Signaling, 'devicesOnline' | 'connections' | 'admission'>;
  readonly levers?: Pick<RelayLevers, 'list' | 'positionOf' | 'quarantined'> | undefined;
  readonly audit?: Pick<AuditLog, 'writable' | 'pending' | 'head'> | undefined;
  readiness(): NodeStatus['readiness'];
  transport(): NodeStatus['transport'];
  connections(): number;
  sessions(): number;
  lagMs(): number;
}

/** So much of a hash tells two of them apart at a glance. */
const headCharacters = 16;

/** A function that says how the node is, in numbers and words of closed sets. */
export function nodeStatusOf(sources: StatusSources): () => NodeStatus {
  const { clock, version, tallies, signaling } = sources;
  const startedAtMs = Math.round(clock.now());
  return () => {
    const cameras = signaling.devicesOnline;
    return {
      readiness: sources.readiness(),
      version,
      node: process.version,
      atMs: Math.round(clock.now()),
      startedAtMs,
      transport: sources.transport(),
      connections: sources.connections(),
      cameras,
      viewers: Math.max(0, signaling.connections - cameras),
      registrations: tallies.total('latchkey_registrations_total'),
      sessions: sessionsOf(sources),
      refusals: tallies.by('latchkey_refusals_total'),
      alarms: { kinds: tallies.by('latchkey_alarms_total'), lastAtMs: tallies.alarmedAtMs },
      faults: tallies.total('latchkey_internal_errors_total'),
      admission: admissionOf(sources),
      media: mediaOf(sources.relay),
      process: processOf(sources.lagMs()),
      audit: auditOf(sources.audit),
      ...leversOf(sources.levers),
    };
  };
}

/** A view that has its wire is live; the others are being set up. */
function sessionsOf({ relay, sessions, tallies }: StatusSources): NodeStatus['sessions'] {
  const [all, wires] = [sessions(), relay.gauges.wires];
  const live = Math.min(all, wires);
  return {
    settingUp: all - live,
    live,
    opened: tallies.by('latchkey_sessions_opened_total'),
    ended: tallies.by('latchkey_sessions_ended_total'),
  };
}

function admissionOf({ signaling, tallies }: StatusSources): NodeStatus['admission'] {
  const { inFlight, waiting, servedPerSecond, rampSeconds } = signaling.admission;
  const sentAway = tallies.total('latchkey_admission_refused_total');
  return {
    inFlight,
    waiting: { ...waiting },
    servedPerSecond: { ...servedPerSecond },
    rampSeconds: { ...rampSeconds },
    sentAway,
  };
}

function mediaOf({ counters, workers }: Relay): NodeStatus['media'] {
  const sides = ['viewer', 'camera'] as const;
  const all = (traffic: Relay['counters']['received'], unit: 'packets' | 'bytes') =>
    sides.reduce((sum, side) => sum + traffic[side][unit], 0);
  return {
    receivedPackets: all(counters.received, 'packets'),
    receivedBytes: all(counters.received, 'bytes'),
    forwardedPackets: all(counters.forwarded, 'packets'),
    forwardedBytes: all(counters.forwarded, 'bytes'),
    drops: { ...counters.drops, kernel: counters.kernelDrops },
    workers: workers.map((worker) => ({
      wires: worker.wires,
      packets: all(worker.forwarded, 'packets'),
      bytes: all(worker.forwarded, 'bytes'),
      drops: Object.values(worker.drops).reduce((sum, drops) => sum + drops, worker.kernelDrops),
    })),
    workersFailed: counters.workersFailed,
  };
}

function processOf(loopLagMs: number): NodeStatus['process'] {
  const { rss, heapUsed } = process.memoryUsage();
  return { loopLagMs, residentBytes: rss, heapBytes: heapUsed };
}

function auditOf(audit: StatusSources['audit']): NodeStatus['audit'] {
  if (audit === undefined) return null;
  const { writable, pending, head } = audit;
  const [entries, hash = ''] = head.split(':');
  return { writable, pending, entries: Number(entries), head: hash.slice(0, headCharacters) };
}

/** Positions and numbers alone: for whom, the page must not say. */
function leversOf(levers: StatusSources['levers']): Pick<NodeStatus, 'switches' | 'quarantined' | 'revocations'> {
  if (levers === undefined) return { switches: null, quarantined: 0, revocations: 0 };
  const positions = features.map((feature) => [feature, levers.positionOf(feature)]);
  return {
    switches: Object.fromEntries(positions) as NonNullable<NodeStatus['switches']>,
    quarantined: levers.quarantined,
    revocations: levers.list().revocations.length,
  };
}
