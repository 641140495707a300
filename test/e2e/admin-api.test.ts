import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { request } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { limits } from '../../src/base/index.ts';
import { loadSettings } from '../../src/config/index.ts';
import type { Asked } from '../support/described-fetch.ts';
import { ownAdmin } from '../support/own-admin.ts';
import { type RunningRelay, runningRelay } from '../support/running-relay.ts';
import { selfSigned } from '../support/self-signed.ts';
import { watching } from '../support/watching.ts';

const folder = mkdtempSync(join(tmpdir(), 'latchkey-admin-api-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const device = 'maple-garden';

describe('a drain that the admin API is asked for', () => {
  it('is answered at once with who has to move, goes on by itself over that time, and shows in the status', async () => {
    await using relay = await runningRelay({
      environment: { LATCHKEY_DRAIN_LEAD_SECONDS: '0', LATCHKEY_DRAIN_SESSIONS_SECONDS_MAX: '0' },
    });
    const ask = ownAdmin(relay);
    await relay.grant('alice', device);
    await relay.camera(device);
    await using hers = await watching(relay, 'alice', device);
    expect(await hers.outcome).toBe('frame');
    const dry = await ask('POST', '/v1/drain?dryRun=true', { body: {} });
    expect(dry.body).toEqual({ dryRun: true, sessions: 1, cameras: 1 });
    expect((await ask('GET', '/v1/status')).body).toMatchObject({ readiness: 'ready' });

    let isOver = false;
    void relay.server.drained.then(() => {
      isOver = true;
    });
    const overSeconds = 60;
    const begun = await ask('POST', '/v1/drain', { body: { overSeconds } });
    expect([begun.status, begun.body]).toEqual([202, { dryRun: false, sessions: 1, cameras: 1 }]);
    expect(isOver).toBe(false);
    expect((await ask('GET', '/v1/status')).body).toMatchObject({ readiness: 'draining' });
    // A second one joins the first.
    expect((await ask('POST', '/v1/drain', { body: { overSeconds: 1 } })).status).toBe(202);
    relay.server.hasten();
    await relay.server.drained;
    expect(await relay.metric('latchkey_sessions_ended_total', { reason: 'relay-moving' })).toBe(1);
    expect((await ask('GET', '/v1/status')).body).toMatchObject({ readiness: 'draining', cameras: 0 });
  });

  it.each([limits.drainSecondsMax + 1, 0, 1.5])('is none over %d seconds: nothing changes', async (overSeconds) => {
    await using relay = await runningRelay();
    const refused = await ownAdmin(relay)('POST', '/v1/drain', { body: { overSeconds } });
    expect([refused.status, refused.code]).toEqual([400, 'params-invalid']);
    expect(await relay.metric('latchkey_draining')).toBe(0);
  });
});

describe('a reload that the admin API is asked for', () => {
  it('tells what it has taken, and what waits for the next start; then nothing is new', async () => {
    let environment: Record<string, string> = {};
    await using relay = await reloadable(() => environment);
    const ask = ownAdmin(relay);
    environment = {
      LATCHKEY_DRAIN_OVER_SECONDS: '7',
      LATCHKEY_SWITCHES_SHARING: 'off',
      LATCHKEY_RELAY_WORKERS: '1',
    };
    const needRestart = ['relay.workers'];
    expect((await ask('POST', '/v1/reload')).body).toEqual({
      changed: ['switches.sharing', 'drain.overSeconds'],
      needRestart,
    });
    expect((await ask('GET', '/v1/status')).body).toMatchObject({ switches: { sharing: 'off', whep: 'on' } });
    expect((await ask('GET', '/v1/switches/sharing')).body).toEqual({ position: 'on', settings: { position: 'off' } });
    expect((await ask('POST', '/v1/reload')).body).toEqual({ changed: [], needRestart });
  });

  it.each([
    ['a number that is none', { LATCHKEY_DRAIN_OVER_SECONDS: 'soon' }, /drain\.overSeconds/],
    ['a list that is not there', { LATCHKEY_SWITCHES_WHEP: '{"offFor": {"listFile": "/nowhere/at-all"}}' }, /nowhere/],
    ['credentials that are not there', { LATCHKEY_ADMIN_TOKEN_FILE: '/nowhere/tokens' }, /nowhere\/tokens/],
  ])('is refused for %s, says why, and changes nothing of the rest', async (_, bad, why) => {
    let environment: Record<string, string> = {};
    await using relay = await reloadable(() => environment);
    const ask = ownAdmin(relay);
    environment = { ...bad, LATCHKEY_SWITCHES_SHARING: 'off' };
    const refused = await ask('POST', '/v1/reload');
    expect([refused.status, refused.code]).toEqual([422, 'settings-invalid']);
    expect(refused.body.detail).toMatch(why);
    expect((await ask('GET', '/v1/status')).body).toMatchObject({ switches: { sharing: 'on' } });
    expect(await relay.metric('latchkey_reloads_total', { outcome: 'refused' })).toBe(1);
  });

  it('takes other people’s credentials and another certificate, or neither', async () => {
    const [tokens, certificateFile, keyFile] = ['tokens', 'cert.pem', 'key.pem'].map((name) => join(folder, name)) as [
      string,
      string,
      string,
    ];
    const [first, second] = [selfSigned(), selfSigned()];
    const [day, night] = ['d'.repeat(40), 'n'.repeat(40)];
    const put = (token: string, { certificate, key }: ReturnType<typeof selfSigned>) => {
      writeFileSync(tokens, `operator:${token}\n`);
      writeFileSync(certificateFile, certificate);
      writeFileSync(keyFile, key);
    };
    put(day, first);
    const environment = {
      LATCHKEY_ADMIN_TOKEN_FILE: tokens,
      LATCHKEY_ADMIN_TLS: JSON.stringify({ certificateFile, keyFile }),
    };
    await using relay = await reloadable(() => environment, environment);
    const at = (ca: string, token: string, method: string, path: string) =>
      overTls(relay.server.adminUrl, ca, { method, path, token });
    expect(await at(first.certificate, day, 'GET', '/v1/status')).toBe(200);

    put(night, { ...second, key: 'none' });
    expect(await at(first.certificate, day, 'POST', '/v1/reload')).toBe(422);
    expect(await at(first.certificate, day, 'GET', '/v1/status')).toBe(200);

    put(night, second);
    expect(await at(first.certificate, day, 'POST', '/v1/reload')).toBe(200);
    await expect(at(first.certificate, night, 'GET', '/v1/status')).rejects.toThrow();
    expect(await at(second.certificate, day, 'GET', '/v1/status')).toBe(401);
    expect(await at(second.certificate, night, 'GET', '/v1/status')).toBe(200);
  });

  it('has the relay make itself another credential, where its own was taken away', async () => {
    await using relay = await reloadable(() => ({}));
    const ask = ownAdmin(relay);
    const file = join(relay.settings.dataDirectory, 'admin-token');
    const old = readFileSync(file, 'utf8');
    rmSync(file);
    expect((await ask('POST', '/v1/reload')).status).toBe(200);
    expect([existsSync(file), readFileSync(file, 'utf8') === old]).toEqual([true, false]);
    expect((await ask('GET', '/v1/status')).status).toBe(401);
    expect((await ownAdmin(relay)('GET', '/v1/status')).status).toBe(200);
  });
});

describe('requests to the admin API', () => {
  it('are counted by operation and by what came of them', async () => {
    await using relay = await runningRelay();
    const ask = ownAdmin(relay);
    const asks: [string, string, Asked?][] = [
      ['GET', '/v1/status'],
      ['POST', '/v1/revocations', { body: { of: 'subject', subject: 'alice' } }],
      ['POST', '/v1/revocations', { body: { of: 'nobody' } }],
      ['GET', '/v1/nothing'],
      ['POST', '/v1/revocations', { body: { of: 'all' }, token: 'x'.repeat(43) }],
    ];
    for (const each of asks) await ask(...each);
    const count = (operation: string, outcome: string) =>
      relay.metric('latchkey_admin_requests_total', { operation, outcome });
    expect([
      await count('readStatus', 'done'),
      await count('revoke', 'done'),
      await count('revoke', 'refused'),
      await count('unknown', 'refused'),
      await count('unknown', 'stranger'),
      await relay.metric('latchkey_admin_requests_total'),
    ]).toEqual([1, 1, 1, 1, 1, 5]);
  });
});

/** A relay whose settings are read again with what `environment` says by then. */
function reloadable(
  environment: () => Readonly<Record<string, string>>,
  begun: Readonly<Record<string, string>> = {},
): Promise<RunningRelay> {
  const first = { LATCHKEY_RELAY_WORKERS: '2', LATCHKEY_ADMISSION_LAG_MS_MAX: '10000', ...begun };
  const relay = runningRelay({
    environment: first,
    parts: {
      readSettings() {
        const { settings } = read ?? {};
        if (settings === undefined) throw new Error('nobody asked before it runs');
        return loadSettings('config/demo.json', {
          LATCHKEY_DEMO: 'false',
          LATCHKEY_DATA_DIRECTORY: settings.dataDirectory,
          LATCHKEY_HTTP_HOST: '127.0.0.1',
          LATCHKEY_HTTP_PORT: '0',
          LATCHKEY_RELAY_HOST: '127.0.0.1',
          LATCHKEY_RELAY_PORT: '0',
          LATCHKEY_OPERATIONS_PORT: '0',
          LATCHKEY_ADMIN_PORT: '0',
          ...first,
          ...environment(),
        });
      },
    },
  });
  let read: RunningRelay | undefined;
  return relay.then((running) => {
    read = running;
    return running;
  });
}

function overTls(url: string, ca: string, asked: { method: string; path: string; token: string }): Promise<number> {
  const { method, path, token } = asked;
  const { port } = new URL(url);
  return new Promise((resolve, reject) => {
    const headers = { authorization: `Bearer ${token}` };
    request({ host: 'localhost', port, path, method, headers, ca, agent: false }, (response) => {
      response.resume().on('end', () => resolve(response.statusCode ?? 0));
    })
      .on('error', reject)
      .end();
  });
}
