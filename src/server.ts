import { readFileSync } from 'node:fs';
import type { AdminPowers } from './admin/index.ts';
import { type Clock, limits, type RandomSource, systemClock, systemRandom } from './base/index.ts';
import type { ReloadOutcome, Settings } from './config/index.ts';
import type { DevelopmentIssuer } from './identity/index.ts';
import type { RelayLevers } from './levers/index.ts';
import { createRelay, type OpenUdpPort } from './relay/index.ts';
import { createSignaling, type HttpRequest, type HttpResponse, LoopLag } from './signaling/index.ts';
import { createLog, type Log, Metrics, openOperations, openTracing } from './telemetry/index.ts';
import { createWebAssets } from './web/index.ts';
import {
  admissionSettings,
  type DrainOptions,
  type DrainProgress,
  lockDataDirectory,
  type Means,
  openOperators,
  openProof,
  openPublicPort,
  type ProofParts,
  publicUrl,
  relayObserver,
  relaySettings,
  type Standing,
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
export interface ServerParts extends ProofParts {
  readonly clock?: Clock;
  readonly random?: RandomSource;
  readonly log?: Log;
  readonly openPort?: OpenUdpPort;
  /** Reads the settings again for `reload`; without, there are no others than those that it was started with. */
  readonly readSettings?: () => Settings;
  /** Only tries whether it starts, beside a relay that may run on the same data directory. */
  readonly isTrial?: boolean;
  /** Powers of the admin API, beside those that the relay gives it. */
  readonly admin?: Partial<AdminPowers>;
}

/** Answers requests that are not signaling, before the page does. */
export type Route = (request: HttpRequest) => Promise<HttpResponse | undefined>;

const version = (JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as { version: string })
  .version;

/** Starts a relay. Throws `settings-invalid` when a setting cannot be had: a port in use, a file that cannot be read. */
export async function startServer(settings: Settings, parts: ServerParts = {}, route?: Route): Promise<LatchkeyServer> {
  await using started = new AsyncDisposableStack();
  const { clock = systemClock, random = systemRandom, log = createLog(settings.telemetry.logLevel) } = parts;
  const tallies = new Tallies(clock);
  const metrics = new Metrics(version, (name, labels) => tallies.count(name, labels));
  const means: Means = { settings, version, clock, random, log, metrics, started };
  const standing: Standing = { readiness: 'starting', build: { transport: 'none', udp: 'none' }, connections: 0 };

  if (parts.isTrial !== true) {
    const lock = lockDataDirectory(settings.dataDirectory);
    started.defer(() => lock.close());
  }
  const operations = await openOperations(settings.operations, metrics, () => standing.readiness);
  started.defer(() => operations.close());
  const proof = await openProof(means, parts);
  const relay = await createRelay(
    relaySettings(settings),
    { clock, random, ...(parts.openPort && { openPort: parts.openPort }) },
    relayObserver(metrics, log, standing),
  );
  started.defer(() => relay.close());
  const lag = new LoopLag(clock, (ms) => metrics.took('latchkey_event_loop_lag_seconds', ms));
  started.defer(() => lag.stop());
  const tracing = await openTracing(settings.tracing, {
    clock,
    version,
    told: (outcome, count) => metrics.countMany('latchkey_trace_spans_total', count, { outcome }),
  });
  started.defer(() => tracing.close());

  const { identity, pairing, sessions, grants, audit, levers } = proof;
  const signaling = createSignaling({
    identity: timedIdentity(identity, (outcome, ms) => metrics.took('latchkey_verification_seconds', ms, { outcome })),
    pairing,
    sessions,
    relay,
    grants,
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
    web: webOf(route),
  });
  const transport = await openPublicPort(means, signaling, standing);
  const { readSettings } = parts;
  const operatorParts = {
    proof,
    relay,
    signaling,
    transport,
    lag,
    tallies,
    standing,
    readSettings,
    admin: parts.admin,
  };
  const { draining, admin } = await openOperators(means, operatorParts);
  started.defer(() => signaling.stop());
  standing.readiness = 'ready';
  log.info('ready', { transport: transport.name, httpPort: transport.port });

  const mediaPort = (by: 'udp' | 'tcp') => relay.addresses.find(({ transport }) => transport === by)?.port;
  const running = started.move();
  return {
    url: publicUrl(settings, transport.port),
    httpPort: transport.port,
    mediaPort: mediaPort('udp') ?? 0,
    mediaTcpPort: mediaPort('tcp'),
    operationsPort: operations.port,
    adminUrl: admin.url,
    transport: transport.name,
    metrics,
    levers,
    developmentIssuer: proof.developmentIssuer,
    drain: (options) => draining.drain(options),
    drained: draining.drained,
    hasten: () => draining.hasten(),
    watchDrain: (told) => draining.tell(told),
    reload: () => proof.reloading.reload(),
    async close() {
      standing.readiness = 'stopping';
      await running.disposeAsync();
      log.info('stopped');
    },
  };
}

/** What is not signaling: a route of whoever started the relay, a sign of life, and the page. */
function webOf(route: Route | undefined): (request: HttpRequest) => Promise<HttpResponse | undefined> {
  const assets = createWebAssets();
  return async (request) => {
    const answer = await route?.(request);
    if (answer !== undefined) return answer;
    if (request.path === '/healthz') return { status: 200, headers: { 'content-type': 'text/plain' }, body: 'alive\n' };
    return assets.serve(request.method, request.path, request.header('if-none-match'));
  };
}
