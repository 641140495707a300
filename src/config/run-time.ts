import { Redacted } from '../base/index.ts';
import { settingLines } from './environment.ts';
import type { Settings } from './schema.ts';

/** Settings that a running relay takes when it reads them again. Nobody is dropped by any of them. */
export const takenAtRunTime: readonly string[] = [
  'http.tls',
  'http.connectionsMax',
  'http.trustedProxies',
  'admission.verificationsMax',
  'admission.waitingMax',
  'admission.lagMsMax',
  'admission.attempts.perMinute',
  'admission.attempts.burst',
  'admission.failures.perMinute',
  'admission.failures.burst',
  'admission.registrations.perMinute',
  'admission.registrations.burst',
  'relay.rates.sideBitsPerSecondMax',
  'relay.rates.sidePacketsPerSecondMax',
  'relay.rates.sessionBitsPerSecondMax',
  'relay.rates.sessionPacketsPerSecondMax',
  'identity.audiences.viewer',
  'identity.audiences.camera',
  'identity.algorithms',
  'identity.clockToleranceSeconds',
  'identity.tokenLifetimeSecondsMax',
  'identity.tickets.enabled',
  'identity.tickets.lifetimeSecondsMax',
  'identity.tickets.rotateSeconds',
  'identity.tickets.keysFile',
  'identity.tickets.keys',
  'identity.issuers',
  'sessions.lifetimeSecondsMax',
  'sessions.perDeviceMax',
  'sessions.perSubjectMax',
  'switches.live-view',
  'switches.sharing',
  'switches.registration',
  'switches.whep',
  'switches.tickets',
  'admin.tls',
  'admin.tokenFile',
  'drain.leadSeconds',
  'drain.overSeconds',
  'drain.sessionsSecondsMax',
  'drain.totalSecondsMax',
  'telemetry.logLevel',
];

/** Settings that hold until the relay is started again. Each setting is in this list or in the one above. */
export const takenAtStart: readonly string[] = [
  'mode',
  'dataDirectory',
  'http.host',
  'http.port',
  'http.server',
  'relay.host',
  'relay.interface',
  'relay.port',
  'relay.tcpPort',
  'relay.workers',
  'relay.udp',
  'relay.announced',
  'operations.host',
  'operations.port',
  'admin.names',
  'admin.host',
  'admin.port',
  'audit.enabled',
  'audit.required',
  'audit.namesDays',
  'audit.retentionDays',
  'sessions.idleSecondsMax',
  'tracing.endpoint',
  'tracing.sampleRatio',
  'identity.developmentIssuer',
  'ownership.source',
  'ownership.file',
  'ownership.postgres.host',
  'ownership.postgres.port',
  'ownership.postgres.database',
  'ownership.postgres.user',
  'ownership.postgres.passwordFile',
  'ownership.postgres.tls',
  'ownership.postgres.caFile',
  'ownership.postgres.connectionsMax',
  'ownership.http.url',
  'ownership.http.keyFile',
  'ownership.http.caFile',
  'ownership.http.connectionsMax',
  'ownership.cache.entriesMax',
  'ownership.cache.grantMsMax',
  'ownership.cache.refusalMsMax',
  'ownership.cache.shared',
  'demo',
];

/** What reading settings again has changed, and what it would change only by a new start; by the names of the settings. */
export interface ReloadOutcome {
  readonly changed: readonly string[];
  readonly needRestart: readonly string[];
}

/** Compares settings with those that the relay runs on. TLS is renewed at run time, and is begun or ended by a new start alone. */
export function changesBetween(running: Settings, read: Settings): ReloadOutcome {
  const different = settingLines()
    .map(({ path }) => path)
    .filter((path) => textOf(valueAt(running, path)) !== textOf(valueAt(read, path)))
    .map((path) => path.join('.'));
  const turnsTls = {
    'http.tls': turns(running.http.tls, read.http.tls),
    'admin.tls': turns(running.admin.tls, read.admin.tls),
  };
  const atStart = (name: string) =>
    name === 'http.tls' || name === 'admin.tls' ? turnsTls[name] : !takenAtRunTime.includes(name);
  return { changed: different.filter((name) => !atStart(name)), needRestart: different.filter(atStart) };
}

/** The settings that a relay runs on from now: of `read` what can be taken at run time, of `running` the rest. */
export function settingsTaken(running: Settings, read: Settings): Settings {
  const { needRestart } = changesBetween(running, read);
  const tls = needRestart.includes('http.tls') ? running.http.tls : read.http.tls;
  const adminTls = needRestart.includes('admin.tls') ? running.admin.tls : read.admin.tls;
  const { connectionsMax, trustedProxies } = read.http;
  return {
    ...running,
    http: { ...running.http, tls, connectionsMax, trustedProxies },
    admission: read.admission,
    relay: { ...running.relay, rates: read.relay.rates },
    identity: { ...read.identity, developmentIssuer: running.identity.developmentIssuer },
    sessions: { ...read.sessions, idleSecondsMax: running.sessions.idleSecondsMax },
    switches: read.switches,
    admin: { ...running.admin, tls: adminTls, tokenFile: read.admin.tokenFile },
    drain: read.drain,
    telemetry: read.telemetry,
  };
}

/** Whether TLS is begun or ended. */
function turns(before: unknown, after: unknown): boolean {
  return (before === null) !== (after === null);
}

function valueAt(tree: unknown, path: readonly string[]): unknown {
  return path.reduce<unknown>((at, name) => (at as Record<string, unknown> | undefined)?.[name], tree);
}

/** Equal texts are equal values: keys stand in the order of the schema. A secret is compared by what it is, and shown to nobody. */
function textOf(value: unknown): string {
  const revealed = Array.isArray(value) ? value.map((one) => (one instanceof Redacted ? one.reveal() : one)) : value;
  return JSON.stringify(revealed) ?? '';
}
