import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { JWK } from 'jose';
import { type AdminPowers, openAdmin } from './admin/index.ts';
import { type Clock, isLoopback, limits, type RandomSource, systemClock, systemRandom } from './base/index.ts';
import { keptSecret, type ReloadOutcome, type Settings } from './config/index.ts';
import { createRevocations, type DevelopmentIssuer, type RevocationTable } from './identity/index.ts';
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
  Draining,
  type DrainOptions,
  type DrainProgress,
  developmentIssuerOf,
  fault,
  nodeStatusOf,
  openAudit,
  openLevers,
  openOwnershipSource,
  openSharedCache,
  Reloading,
  RenewableIdentity,
  readingsOf,
  relayObserver,
  relaySettings,
  type Standing,
  sessionSettings,
  sharedCacheObserver,
  signalingObserver,
  switchPositions,
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
  /**
   * Moves everybody elsewhere, as `drain` in the settings says unless told otherwise, and resolves when nobody is left or the time for it is over;
   * what is left to do then is `close`. A second call joins the first. Throws `params-invalid`.
   */
  drain(options?: DrainOptions): Promise<void>;
  /** Resolves when a drain is over, whoever asked for it. */
  readonly drained: Promise<void>;
  /** A drain that is under way ends at once: whoever is left is told to move now. */
  hasten(): void;
  /** Hears who is still here, while a drain is under way. */
  watchDrain(told: (progress: DrainProgress) => void): void;
  /**
   * Reads the settings again and takes what can be taken at run time, without dropping anybody; tells what needs a new start. Throws
   * `settings-invalid`, and has changed nothing then.
   */
  reload(): Promise<ReloadOutcome>;
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
  /** Reads the settings again for `reload`; without, there are no others than those that it was started with. */
  readonly readSettings?: () => Settings;
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
  const revocations = parts.revocations ?? createRevocations();
  const levers = openLevers(settings, { clock, revocations }, metrics);
  started.defer(() => levers.close());
  const identity = await RenewableIdentity.open(settings, {
    clock,
    random,
    revocations,
    developmentIssuer,
    metrics,
    log,
  });
  started.defer(() => identity.close());
  const reloading = new Reloading(settings);

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

  const table = createSessions(
    sessionSettings(reloading),
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
    claimedKind: (token) => identity.claimedKind(token),
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
  const draining = new Draining({
    clock,
    log,
    settings: () => reloading.settings.drain,
    signaling,
    sessions: () => table.size,
    begun: () => {
      readiness = 'draining';
    },
    letGo: () => transport.letGo(),
  });
  started.defer(() => draining.close());
  const ready = () => readiness === 'ready';
  metrics.readFrom(
    readingsOf({ settings, standing, sessions: table, signaling, relay, shared, levers, audit, draining, ready }),
  );

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
    {
      clock,
      random,
      status,
      levers,
      audit,
      record: audit && auditReader(audit),
      drain: (options) => draining.drain(options),
      reload: () => reloading.reload(),
      ...parts.admin,
    },
    adminObserver(metrics, log),
  );
  started.defer(() => admin.close());
  started.defer(() => signaling.stop());
  reloading.attach({
    read: parts.readSettings ?? (() => settings),
    log,
    metrics,
    identity,
    transport,
    signaling,
    relay,
    others: [
      async (next) => {
        const positions = switchPositions(next);
        return () => void levers.useSettings(positions);
      },
      async (next) => {
        return admin.prepare(await adminSettings(next, random, version));
      },
    ],
  });
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
    drain: (options) => draining.drain(options),
    drained: draining.drained,
    hasten: () => draining.hasten(),
    watchDrain: (told) => draining.tell(told),
    reload: () => reloading.reload(),
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
