import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { JWK } from 'jose';
import { type AdminPowers, openAdmin } from './admin/index.ts';
import { type Clock, isLoopback, limits, type RandomSource, systemClock, systemRandom } from './base/index.ts';
import { keptSecret, type Settings } from './config/index.ts';
import {
  claimedKind,
  createIdentity,
  createRevocations,
  type DevelopmentIssuer,
  type RevocationTable,
} from './identity/index.ts';
import type { RelayLevers } from './levers/index.ts';
import { createOwnership, type OwnershipAlarm, type OwnershipSource } from './ownership/index.ts';
import {
  createGrantSigner,
  createPairing,
  createReproof,
  createSessions,
  newGrantKey,
  type Sessions,
} from './pairing/index.ts';
import { createRelay, type OpenUdpPort } from './relay/index.ts';
import { createSignaling, type HttpRequest, type HttpResponse, LoopLag, openTransport } from './signaling/index.ts';
import {
  createLog,
  type Log,
  Metrics,
  openOperations,
  openTracing,
  Rarely,
  type Readiness,
} from './telemetry/index.ts';
import { createWebAssets } from './web/index.ts';
import {
  adminObserver,
  adminSettings,
  admissionSettings,
  auditReader,
  bindable,
  developmentIssuerOf,
  fault,
  nodeStatusOf,
  openAudit,
  openLevers,
  openOwnershipSource,
  openSharedCache,
  openTicketKeys,
  readingsOf,
  relayObserver,
  relaySettings,
  type Standing,
  sharedCacheObserver,
  signalingObserver,
  Tallies,
  timedIdentity,
} from './wiring/index.ts';

/** A running relay. */
export interface LatchkeyServer {
  /** Where HTTP and WebSocket answer on this machine, such as `http://localhost:8080`. */
  readonly url: string;
  readonly httpPort: number;
  /** The UDP port of the first media worker. */
  readonly mediaPort: number;
  /** The TCP port of media; undefined where there is none. */
  readonly mediaTcpPort: number | undefined;
  readonly operationsPort: number;
  /** Where the admin API and the status page answer. */
  readonly adminUrl: string;
  readonly transport: 'uws' | 'ws';
  readonly metrics: Metrics;
  readonly levers: RelayLevers;
  readonly developmentIssuer: DevelopmentIssuer | undefined;
  /** Tells everyone, ends all sessions and closes all ports. */
  close(): Promise<void>;
}

/** What a test may put in the place of a part; each has the part's own door. */
export interface ServerParts {
  readonly clock?: Clock;
  readonly random?: RandomSource;
  readonly log?: Log;
  readonly source?: OwnershipSource;
  readonly openPort?: OpenUdpPort;
  readonly sessions?: (real: Sessions) => Sessions;
  /** What was taken back of cameras; an empty table otherwise. */
  readonly revocations?: RevocationTable;
  /** Powers of the admin API, beside those that the relay gives it. */
  readonly admin?: Partial<AdminPowers>;
}

/** Answers requests that are not signaling, before the page does. */
export type Route = (request: HttpRequest) => Promise<HttpResponse | undefined>;

const version = (JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as { version: string })
  .version;
const closeGraceMs = 2_000;

/** Starts a relay. Throws `settings-invalid` when a setting cannot be had: a port in use, a file that cannot be read. */
export async function startServer(settings: Settings, parts: ServerParts = {}, route?: Route): Promise<LatchkeyServer> {
  await using started = new AsyncDisposableStack();
  const clock = parts.clock ?? systemClock;
  const random = parts.random ?? systemRandom;
  const log = parts.log ?? createLog(settings.telemetry.logLevel);
  const tallies = new Tallies(clock);
  const metrics = new Metrics(version, (name, labels) => tallies.count(name, labels));
  let readiness: Readiness = 'starting';
  const standing: Standing = { build: { transport: 'none', udp: 'none' }, connections: 0 };

  const operations = await openOperations(settings.operations, metrics, () => readiness);
  started.defer(() => operations.close());

  const developmentIssuer = settings.identity.developmentIssuer
    ? await developmentIssuerOf(settings, clock)
    : undefined;
  const issuers = [
    ...settings.identity.issuers,
    ...(developmentIssuer === undefined ? [] : [developmentIssuer.settings]),
  ];
  const ticketKeys = await openTicketKeys(
    settings,
    { clock, random },
    {
      ticketKeys(outcome) {
        metrics.count('latchkey_ticket_keys_total', { outcome });
        if (outcome === 'failed') log.warn('the keys of reconnect tickets could not be had; the old ones stay');
      },
    },
  );
  if (ticketKeys !== undefined) started.defer(() => ticketKeys.close());
  const revocations = parts.revocations ?? createRevocations();
  const levers = openLevers(settings, { clock, revocations }, metrics);
  started.defer(() => levers.close());
  const identity = await createIdentity(
    { ...settings.identity, issuers },
    { clock, revocations, ticketKeys },
    {
      keySet(outcome) {
        metrics.count('latchkey_key_sets_total', { outcome });
        if (outcome === 'failed') log.warn('the keys of an issuer could not be had');
      },
      keyIgnored: (reason) => metrics.count('latchkey_keys_ignored_total', { reason }),
      ticketMade: () => metrics.count('latchkey_tickets_made_total'),
      ticketAccepted: () => metrics.count('latchkey_tickets_accepted_total'),
      ticketRefused: (reason) => metrics.count('latchkey_tickets_refused_total', { reason }),
    },
  );
  started.defer(() => identity.close?.());

  const tracing = await openTracing(settings.tracing, {
    clock,
    version,
    told: (outcome, count) => metrics.countMany('latchkey_trace_spans_total', count, { outcome }),
  });
  started.defer(() => tracing.close());

  const alarm = (kind: OwnershipAlarm) => {
    metrics.count('latchkey_alarms_total', { kind });
    log.warn('an answer did not belong to its question', { kind });
  };
  const rarely = new Rarely(clock, limits.faultLogMsMin);
  const source =
    parts.source ??
    openOwnershipSource(settings, process.env, {
      clock,
      random,
      observer: {
        alarm,
        fault(fault, code) {
          metrics.count('latchkey_ownership_source_faults_total', { reason: fault });
          if (rarely.may(fault)) log.warn('the source of ownership failed', { fault, code });
        },
      },
    });
  started.defer(() => source.close());
  const shared = openSharedCache(settings, source, { clock, random }, sharedCacheObserver(metrics, log));
  const ownership = createOwnership(
    source,
    settings.ownership.cache,
    { clock, random, ...(shared && { shared }) },
    {
      answered(outcome, from, ms) {
        metrics.count('latchkey_ownership_answers_total', { outcome, from });
        metrics.took('latchkey_ownership_answer_seconds', ms, { from, outcome });
      },
      alarm,
    },
  );
  started.defer(() => ownership.close());
  const audit = await openAudit(settings, version, clock, metrics, log);
  if (audit !== undefined) started.defer(() => audit.close());
  const reproof = createReproof(ownership, clock, {
    reproved(outcome, session, fresh) {
      metrics.count('latchkey_reproofs_total', { outcome });
      if (outcome !== 'unanswered') audit?.trail.reproved(session, fresh);
    },
    internal: (error) => fault(metrics, log, error),
  });
  started.defer(() => reproof.close());

  const { lifetimeSecondsMax, perDeviceMax, perSubjectMax } = settings.sessions;
  const table = createSessions(
    { lifetimeMsMax: lifetimeSecondsMax * 1000, perDeviceMax, perSubjectMax },
    clock,
    random,
    {
      paired(session) {
        reproof.paired(session);
        audit?.trail.extended(session);
      },
    },
    levers,
  );
  const sessions = parts.sessions?.(table) ?? table;
  const grantKey = await keptSecret<JWK>(join(settings.dataDirectory, 'grant-key.json'), newGrantKey);

  const relay = await createRelay(
    relaySettings(settings),
    { clock, random, ...(parts.openPort && { openPort: parts.openPort }) },
    relayObserver(metrics, log, standing),
  );
  started.defer(() => relay.close());

  const lag = new LoopLag(clock, (ms) => metrics.took('latchkey_event_loop_lag_seconds', ms));
  started.defer(() => lag.stop());

  const assets = createWebAssets();
  const signaling = createSignaling({
    identity: timedIdentity(identity, (outcome, ms) => metrics.took('latchkey_verification_seconds', ms, { outcome })),
    pairing: createPairing(ownership, clock, levers),
    sessions,
    relay,
    grants: await createGrantSigner(grantKey, 'latchkey', clock),
    clock,
    random,
    settings: {
      realm: 'latchkey',
      unregisteredMax: limits.connectionsUnregisteredMax,
      admission: admissionSettings(settings.admission),
    },
    claimedKind: (token) => claimedKind(token, settings.identity.audiences),
    lagMs: () => lag.ms,
    observer: signalingObserver(metrics, log, audit),
    trail: audit?.trail,
    tracer: tracing.tracer,
    levers,
    async web(request) {
      const answer = await route?.(request);
      if (answer !== undefined) return answer;
      if (request.path === '/healthz')
        return { status: 200, headers: { 'content-type': 'text/plain' }, body: 'alive\n' };
      return assets.serve(request.method, request.path, request.header('if-none-match'));
    },
  });
  levers.actOn({ sessions, connections: signaling });
  const ready = () => readiness === 'ready';
  metrics.readFrom(readingsOf({ settings, standing, sessions: table, signaling, relay, shared, levers, audit, ready }));

  const { server, ...listen } = settings.http;
  const bounds = {
    messageBytesMax: limits.messageBytesMax,
    sendBufferBytesMax: limits.sendBufferBytesMax,
    keepAliveMs: limits.keepAliveMs,
  };
  const transport = await openTransport(
    signaling,
    { ...listen, ...bounds, host: bindable(listen.host), tls: listen.tls ?? undefined },
    server,
    {
      clock,
      random,
      observer: {
        listening(name, why) {
          standing.build = { ...standing.build, transport: name };
          log.info('listening', { name, why });
        },
        connections: (open) => {
          standing.connections = open;
        },
        refused: (reason) => metrics.count('latchkey_connections_refused_total', { reason }),
        dropped: (reason) => metrics.count('latchkey_connections_dropped_total', { reason }),
        fault: (error) => fault(metrics, log, error),
      },
    },
  );
  started.defer(() => transport.close(closeGraceMs));
  const status = nodeStatusOf({
    clock,
    version,
    tallies,
    relay,
    signaling,
    levers,
    audit,
    readiness: () => readiness,
    transport: () => transport.name,
    connections: () => standing.connections,
    sessions: () => table.size,
    lagMs: () => lag.ms,
  });
  const admin = await openAdmin(
    await adminSettings(settings, random, version),
    { clock, random, status, levers, audit, record: audit && auditReader(audit), ...parts.admin },
    adminObserver(metrics, log),
  );
  started.defer(() => admin.close());
  started.defer(() => signaling.stop());
  readiness = 'ready';
  if (listen.tls === null && listen.host !== 'localhost' && !isLoopback(listen.host)) {
    log.warn('tokens travel in clear: set http.tls, or listen on loopback behind a proxy that ends TLS');
  }
  log.info('ready', { transport: transport.name, httpPort: transport.port });

  const mediaPort = (by: 'udp' | 'tcp') => relay.addresses.find(({ transport }) => transport === by)?.port;
  const running = started.move();
  return {
    url: `${settings.http.tls === null ? 'http' : 'https'}://${urlHost(settings.http.host)}:${transport.port}`,
    httpPort: transport.port,
    mediaPort: mediaPort('udp') ?? 0,
    mediaTcpPort: mediaPort('tcp'),
    operationsPort: operations.port,
    adminUrl: admin.url,
    transport: transport.name,
    metrics,
    levers,
    developmentIssuer,
    async close() {
      readiness = 'stopping';
      await running.disposeAsync();
      log.info('stopped');
    },
  };
}

/** A name for this machine's own use: every address is also `localhost`. */
function urlHost(host: string): string {
  if (host === '::' || host === '0.0.0.0') return 'localhost';
  return host.includes(':') ? `[${host}]` : host;
}
