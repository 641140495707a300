import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { loadSettings, settingLines } from '../../src/config/index.ts';

const issuers = [{ issuer: 'https://id.example', keys: { jwksUrl: 'https://id.example/keys' } }];
const folder = mkdtempSync(join(tmpdir(), 'latchkey-settings-'));
let files = 0;

function fileWith(value: unknown): string {
  const path = join(folder, `${files++}.json`);
  writeFileSync(path, typeof value === 'string' ? value : JSON.stringify(value));
  return path;
}

describe('settings', () => {
  it('the defaults alone are refused, because nobody could sign in', () => {
    expect(() => loadSettings(undefined, {})).toThrow(/identity\.issuers: name at least one issuer/);
  });

  it('the demo’s file is usable as it is', () => {
    const settings = loadSettings('config/demo.json', {});
    expect(settings).toMatchObject({ mode: 'development', demo: true, http: { host: '127.0.0.1', port: 8080 } });
  });

  it('default.json holds every setting of the schema and no other', () => {
    const defaults = JSON.parse(readFileSync('config/default.json', 'utf8'));
    const leaves = (tree: Record<string, unknown>, path: string[] = []): string[] =>
      Object.entries(tree).flatMap(([key, value]) =>
        typeof value === 'object' && value !== null && !Array.isArray(value)
          ? leaves(value as Record<string, unknown>, [...path, key])
          : [[...path, key].join('.')],
      );
    expect(leaves(defaults).sort()).toEqual(
      settingLines()
        .map((line) => line.path.join('.'))
        .sort(),
    );
  });

  it('every setting says what it means, and its variable is its own', () => {
    const lines = settingLines();
    expect(lines.filter((line) => line.meaning === '')).toEqual([]);
    expect(new Set(lines.map((line) => line.variable)).size).toBe(lines.length);
  });

  it('a file goes over the defaults, and the environment over the file', () => {
    const file = fileWith({ http: { port: 1 }, relay: { port: 2 }, identity: { issuers } });
    const settings = loadSettings(file, { LATCHKEY_HTTP_PORT: '3', LATCHKEY_RELAY_ANNOUNCED: '["192.0.2.1"]' });
    expect(settings.http).toMatchObject({ port: 3, host: '::' });
    expect(settings.relay).toMatchObject({ port: 2, announced: ['192.0.2.1'] });
  });

  it.each([
    ['an unknown key', { htpp: {} }, /htpp/],
    ['an unknown key below', { http: { prot: 1 } }, /prot/],
    ['a port past the end', { http: { port: 65_536 } }, /http\.port/],
    ['a port of the wrong type', { http: { port: '80' } }, /http\.port/],
    ['an algorithm that is not on the list', { identity: { algorithms: ['HS256'] } }, /identity\.algorithms/],
    ['no algorithm', { identity: { algorithms: [] } }, /identity\.algorithms/],
    ['an announced name that is no address', { relay: { announced: ['relay.example'] } }, /relay\.announced/],
    [
      'a namespace that runs into the names behind it',
      { identity: { issuers: [{ ...issuers[0], namespace: 'shop' }] } },
      /namespace: must end in/,
    ],
    [
      'a PEM without its algorithm',
      { identity: { issuers: [{ issuer: 'a', keys: { pemFile: 'key.pem' } }] } },
      /identity\.issuers\.0\.keys: must be .*"algorithm"/,
    ],
    ['the demo in production', { demo: true }, /demo: runs in/],
    ['the development issuer in production', { identity: { developmentIssuer: true } }, /developmentIssuer: runs in/],
    [
      'a demo beside real issuers',
      { mode: 'development', demo: true, identity: { developmentIssuer: true }, ownership: { source: 'sqlite' } },
      /issuer of its own/,
    ],
    ['one audience for both', { identity: { audiences: { viewer: 'a', camera: 'a' } } }, /must differ/],
    ...[
      'http://cache:6379',
      'redis://',
      'cache:6379',
      'redis://user:secret@cache',
      'redis://cache/2',
      'redis://cache?db=2',
      'redis://cache#2',
    ].map((url): [string, object, RegExp] => [
      `a shared cache at ${url}`,
      { ownership: { cache: { shared: { url, keys: { file: 'keys' } } } } },
      /ownership\.cache\.shared\.url: must be redis:/,
    ]),
    [
      'a shared cache without keys',
      { ownership: { cache: { shared: { url: 'redis://cache' } } } },
      /ownership\.cache\.shared\.keys/,
    ],
    [
      'a secret in the settings themselves',
      { ownership: { cache: { shared: { url: 'redis://cache', keys: 'c2VjcmV0' } } } },
      /ownership\.cache\.shared\.keys: must be \{"file"/,
    ],
    [
      'a secret in a variable that looks like a setting',
      { ownership: { cache: { shared: { url: 'redis://cache', keys: { environment: 'LATCHKEY_KEYS' } } } } },
      /LATCHKEY_/,
    ],
    ['a no that outlives a yes', { ownership: { cache: { grantMsMax: 5, refusalMsMax: 6 } } }, /refusalMsMax/],
    [
      'a key of tickets that signs for less long than a ticket lives',
      { identity: { tickets: { rotateSeconds: 60, lifetimeSecondsMax: 61 } } },
      /tickets\.rotateSeconds/,
    ],
    [
      'keys of tickets in two places',
      { identity: { tickets: { keysFile: 'keys', keys: ['x'] } } },
      /identity\.tickets: the keys/,
    ],
    ['a ticket that lives for ever', { identity: { tickets: { lifetimeSecondsMax: 604_801 } } }, /lifetimeSecondsMax/],
    ['a prototype', '{"__proto__": {"demo": true}}', /__proto__/],
    ['a list', '[]', /one JSON object/],
    ['something that is not JSON', '{', /JSON/],
  ])('%s is refused, and named', (_, value, message) => {
    const withIssuers =
      typeof value === 'string'
        ? value
        : { ...value, identity: { issuers, ...(value as { identity?: object }).identity } };
    expect(() => loadSettings(fileWith(withIssuers), {})).toThrow(message);
  });

  it.each([
    ['redis://cache'],
    ['rediss://cache.example:6380/'],
    ['rediss://relay@cache.example'],
    ['redis://[::1]:6379'],
    ['redis://127.0.0.1:6379'],
  ])('a shared cache may be at %s', (url) => {
    const shared = { url, keys: { environment: 'CACHE_KEYS' } };
    expect(loadSettings(fileWith({ identity: { issuers }, ownership: { cache: { shared } } }), {})).toMatchObject({
      ownership: { cache: { shared } },
    });
  });

  it('a file that is not there is named', () => {
    expect(() => loadSettings(join(folder, 'nowhere.json'), {})).toThrow(/nowhere\.json/);
  });

  it('a variable that names no setting is refused', () => {
    expect(() => loadSettings('config/demo.json', { LATCHKEY_HTTP_PROT: '1' })).toThrow(/LATCHKEY_HTTP_PROT/);
  });

  it('keys of tickets come by the environment, and do not print', () => {
    const secret = Buffer.alloc(32, 7).toString('base64');
    const settings = loadSettings('config/demo.json', { LATCHKEY_IDENTITY_TICKETS_KEYS: JSON.stringify([secret]) });
    expect(settings.identity.tickets.keys[0]?.reveal()).toBe(secret);
    expect(JSON.stringify(settings)).not.toContain(secret);
    const wrong = { LATCHKEY_IDENTITY_TICKETS_KEYS: JSON.stringify(secret) };
    expect(() => loadSettings('config/demo.json', wrong)).toThrow(/identity\.tickets\.keys/);
    expect(() => loadSettings('config/demo.json', wrong)).not.toThrow(new RegExp(secret.slice(0, 9)));
  });

  it('variables of the command itself are no settings', () => {
    expect(() => loadSettings('config/demo.json', { LATCHKEY_TOKEN: 'x' })).not.toThrow();
  });
});
