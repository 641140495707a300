import { describe, expect, it } from 'vitest';
import {
  changesBetween,
  loadSettings,
  settingLines,
  settingsTaken,
  takenAtRunTime,
  takenAtStart,
} from '../../src/config/index.ts';

const base = { LATCHKEY_IDENTITY_ISSUERS: '[{"issuer": "https://a.test", "keys": {"jwksFile": "a.json"}}]' };
const read = (more: Record<string, string> = {}) => loadSettings(undefined, { ...base, ...more });
const names = settingLines().map(({ path }) => path.join('.'));

/** Another value for each setting, as its environment variable has it. */
const others: Readonly<Record<string, string>> = {
  'http.tls': '{"certificateFile": "c.pem", "keyFile": "k.pem"}',
  'http.connectionsMax': '77',
  'http.trustedProxies': '["10.0.0.0/8"]',
  'identity.audiences.viewer': 'other-viewer',
  'identity.audiences.camera': 'other-camera',
  'identity.algorithms': '["EdDSA"]',
  'identity.tickets.enabled': 'false',
  'identity.tickets.lifetimeSecondsMax': '600',
  'identity.tickets.rotateSeconds': '100000',
  'identity.tickets.keysFile': 'tickets',
  'identity.tickets.keys': `["${'a'.repeat(43)}"]`,
  'identity.issuers': '[{"issuer": "https://b.test", "keys": {"jwksFile": "b.json"}}]',
  'switches.live-view': 'off',
  'switches.sharing': 'off',
  'switches.registration': 'off',
  'switches.whep': 'off',
  'switches.tickets': '{"offFor": {"prefixes": ["house7-"]}}',
  'admin.tls': '{"certificateFile": "c.pem", "keyFile": "k.pem"}',
  'admin.tokenFile': 'tokens',
  'telemetry.logLevel': 'debug',
  'drain.totalSecondsMax': '600',
};

function variableOf(name: string): string {
  return settingLines().find(({ path }) => path.join('.') === name)?.variable ?? '';
}

function valueAt(tree: unknown, name: string): unknown {
  return name.split('.').reduce<unknown>((at, part) => (at as Record<string, unknown>)[part], tree);
}

describe('every setting', () => {
  it('is taken either at run time or at the start: none is passed over', () => {
    expect([...takenAtRunTime, ...takenAtStart].sort()).toEqual([...names].sort());
    expect(takenAtRunTime.filter((name) => takenAtStart.includes(name))).toEqual([]);
  });

  it.each(takenAtRunTime)('%s is taken where it has changed, and nothing else with it', (name) => {
    const given = others[name] ?? String(Number(valueAt(read(), name)) + 1);
    // TLS is renewed; it is begun by a new start.
    const before: Record<string, string> = name.endsWith('.tls')
      ? { [variableOf(name)]: '{"certificateFile": "a", "keyFile": "b"}' }
      : {};
    const [running, next] = [read(before), read({ ...before, [variableOf(name)]: given })];
    expect(changesBetween(running, next)).toEqual({ changed: [name], needRestart: [] });
    expect(settingsTaken(running, next)).toEqual(next);
  });
});

describe('settings that are read again', () => {
  it('leave those that need a new start as they were, and name them', () => {
    const running = read();
    const next = read({
      LATCHKEY_HTTP_PORT: '81',
      LATCHKEY_RELAY_WORKERS: '3',
      LATCHKEY_DATA_DIRECTORY: 'elsewhere',
      LATCHKEY_SESSIONS_PER_DEVICE_MAX: '2',
    });
    expect(changesBetween(running, next)).toEqual({
      changed: ['sessions.perDeviceMax'],
      needRestart: ['dataDirectory', 'http.port', 'relay.workers'],
    });
    const taken = settingsTaken(running, next);
    expect(taken).toEqual({ ...running, sessions: next.sessions });
    expect(changesBetween(taken, next).changed).toEqual([]);
  });

  it('neither begin nor end TLS', () => {
    const [plain, secure] = [read(), read({ LATCHKEY_HTTP_TLS: '{"certificateFile": "a", "keyFile": "b"}' })];
    expect(changesBetween(plain, secure)).toEqual({ changed: [], needRestart: ['http.tls'] });
    expect(settingsTaken(plain, secure).http.tls).toBeNull();
    expect(settingsTaken(secure, plain).http.tls).toEqual(secure.http.tls);
  });

  it('tell a changed secret, and are the same where nothing has changed', () => {
    const keys = (letter: string) => read({ LATCHKEY_IDENTITY_TICKETS_KEYS: `["${letter.repeat(43)}"]` });
    expect(changesBetween(keys('a'), keys('b')).changed).toEqual(['identity.tickets.keys']);
    expect(changesBetween(keys('a'), keys('a'))).toEqual({ changed: [], needRestart: [] });
  });
});

describe('the bounds of a drain', () => {
  it('have room for its parts', () => {
    const drain = (total: string) => () =>
      read({
        LATCHKEY_DRAIN_LEAD_SECONDS: '1',
        LATCHKEY_DRAIN_OVER_SECONDS: '2',
        LATCHKEY_DRAIN_SESSIONS_SECONDS_MAX: '3',
        LATCHKEY_DRAIN_TOTAL_SECONDS_MAX: total,
      });
    expect(drain('6')).not.toThrow();
    expect(drain('5')).toThrow(/drain\.totalSecondsMax/);
  });
});
