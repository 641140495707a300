import { describe, expect, it } from 'vitest';
import { deviceId, LatchkeyError, limits } from '../../src/base/index.ts';
import { adminWorld, nightToken, operatorToken, sighting } from '../support/admin-world.ts';
import { describedFetch } from '../support/described-fetch.ts';

async function stage(powers: Parameters<typeof adminWorld>[0] = {}) {
  const world = await adminWorld(powers);
  return { ...world, world, ask: describedFetch(world.admin.url, operatorToken) };
}

describe('a change', () => {
  it.each([
    ['subject', { of: 'subject', subject: 'alice' }, 'alice'],
    ['device', { of: 'device', device: 'cam-1' }, 'cam-1'],
    ['token', { of: 'token', tokenId: 'jti "1"' }, 'jti "1"'],
    ['all', { of: 'all' }, undefined],
  ])('revokes by %s, and is recorded', async (of, body, target) => {
    await using s = await stage();
    s.levers.ending = { sessionsEnded: 2, connectionsClosed: 1 };
    const { status, body: answer } = await s.ask('POST', '/v1/revocations', { body });
    expect([status, answer]).toEqual([
      200,
      { dryRun: false, atMs: expect.any(Number), sessionsEnded: 2, connectionsClosed: 1 },
    ]);
    expect(s.levers.thrown).toEqual([JSON.stringify(body)]);
    const act = { action: 'admin.revoke', by: 'operator', detail: of, ...(target !== undefined && { target }) };
    expect(s.audit.entries).toEqual([
      { ...act, outcome: 'begun' },
      { ...act, outcome: 'done' },
    ]);
    expect((await s.ask('GET', '/v1/revocations')).body.revocations).toMatchObject([body]);
  });

  it('is signed with the name behind the credential', async () => {
    await using s = await stage();
    await s.ask('POST', '/v1/revocations', { body: { of: 'all' }, token: nightToken });
    expect(s.audit.outcomes.map(({ by }) => by)).toEqual(['night']);
  });

  it('releases a camera from quarantine, once', async () => {
    await using s = await stage();
    await s.ask('POST', '/v1/revocations', { body: { of: 'device', device: 'cam:1|a' } });
    const release = () => s.ask('DELETE', `/v1/quarantine/${encodeURIComponent('cam:1|a')}`);
    expect((await release()).body).toEqual({ dryRun: false, released: true });
    expect((await release()).body).toEqual({ dryRun: false, released: false });
    expect(s.audit.entries.at(-1)).toMatchObject({ action: 'admin.release', target: 'cam:1|a', outcome: 'done' });
  });

  it('throws a switch for some cameras, and for all', async () => {
    await using s = await stage();
    const some = { position: 'off-for', prefixes: ['lab-'], devices: ['cam-1'] };
    expect((await s.ask('PUT', '/v1/switches/sharing', { body: some })).status).toBe(200);
    expect((await s.ask('GET', '/v1/switches/sharing')).body).toEqual({ ...some, settings: { position: 'on' } });
    await s.ask('PUT', '/v1/switches/live-view', { body: { position: 'off' } });
    expect((await s.ask('GET', '/v1/switches')).body.switches).toMatchObject({
      'live-view': { position: 'off' },
      sharing: some,
    });
    expect(s.audit.outcomes.map(({ target, detail }) => [target, detail])).toEqual([
      ['sharing', 'off for 1 cameras and 1 prefixes: lab- cam-1'],
      ['live-view', 'off'],
    ]);
  });

  it('takes the longest list that a switch may have, and none that is longer', async () => {
    await using s = await stage();
    const devices = Array.from({ length: limits.adminSwitchDevicesMax }, (_, at) =>
      `${at}`.padEnd(limits.deviceIdCharactersMax, 'x'),
    );
    const body = { position: 'off-for', prefixes: [], devices };
    expect((await s.ask('PUT', '/v1/switches/whep', { body })).status).toBe(200);
    const longer = { ...body, devices: [...devices, 'one-more'] };
    expect((await s.ask('PUT', '/v1/switches/whep', { body: longer })).code).toBe('params-invalid');
  });

  it('drains, with and without a time', async () => {
    await using s = await stage();
    expect(await s.ask('POST', '/v1/drain')).toMatchObject({ status: 202, body: { sessions: 0, cameras: 0 } });
    await s.ask('POST', '/v1/drain', { body: { overSeconds: 30 } });
    expect(s.drained).toEqual([undefined, 30]);
  });

  it('does not wait for the end of draining, and tells what went wrong in it', async () => {
    const failed = Promise.withResolvers<void>();
    await using s = await stage({ drain: () => failed.promise });
    expect((await s.ask('POST', '/v1/drain')).status).toBe(202);
    failed.reject(new Error('it did not'));
    await s.ask('GET', '/v1/status');
    expect(s.faults).toHaveLength(1);
  });

  it('reloads, and says why it could not', async () => {
    await using good = await stage();
    expect((await good.ask('POST', '/v1/reload')).body).toEqual({
      changed: ['identity.issuers'],
      needRestart: ['http.port'],
    });
    await using bad = await stage({
      reload: async () => {
        throw new LatchkeyError('settings-invalid', 'http.port: too large');
      },
    });
    const { status, body } = await bad.ask('POST', '/v1/reload');
    expect([status, body.detail]).toEqual([422, 'The configuration is not usable. (http.port: too large)']);
    expect(bad.audit.outcomes).toMatchObject([
      { action: 'admin.reload', outcome: 'failed', detail: expect.stringContaining('http.port') },
    ]);
  });
});

describe('a dry run', () => {
  it.each([
    ['POST', '/v1/revocations', { of: 'all' }, { dryRun: true, sessionsEnded: 3, connectionsClosed: 2, atMs: null }],
    ['PUT', '/v1/switches/sharing', { position: 'off' }, { dryRun: true, sessionsEnded: 3, connectionsClosed: 2 }],
    ['DELETE', '/v1/quarantine/cam-1', undefined, { dryRun: true, released: false }],
    ['POST', '/v1/drain', {}, { dryRun: true, sessions: 0, cameras: 0 }],
  ])('says what %s %s would do, and does nothing', async (method, path, body, answer) => {
    await using s = await stage();
    const before = s.world.state;
    const told = await s.ask(method, `${path}?dryRun=true`, body === undefined ? {} : { body });
    expect(told.body).toEqual(answer);
    expect(s.world.state).toBe(before);
    expect(s.audit.entries).toMatchObject([{ outcome: 'done', detail: expect.stringMatching(/^dry run/) }]);
  });
});

describe('bad input', () => {
  const device = 'x'.repeat(limits.deviceIdCharactersMax + 1);
  it.each<[string, string, string, unknown, string]>([
    ['no body', 'POST', '/v1/revocations', undefined, 'params-invalid'],
    ['another kind', 'POST', '/v1/revocations', { of: 'everything' }, 'params-invalid'],
    ['no name', 'POST', '/v1/revocations', { of: 'subject' }, 'params-invalid'],
    ['a name that is too long', 'POST', '/v1/revocations', { of: 'device', device }, 'params-invalid'],
    ['a name that is none', 'POST', '/v1/revocations', { of: 'device', device: 'a b' }, 'params-invalid'],
    ['a member too many', 'POST', '/v1/revocations', { of: 'all', device: 'cam-1' }, 'params-invalid'],
    ['a list', 'POST', '/v1/revocations', [], 'params-invalid'],
    ['another parameter', 'POST', '/v1/revocations?dry=true', { of: 'all' }, 'params-invalid'],
    ['a parameter twice', 'POST', '/v1/revocations?dryRun=true&dryRun=false', { of: 'all' }, 'params-invalid'],
    ['a dry run that is neither', 'POST', '/v1/revocations?dryRun=1', { of: 'all' }, 'params-invalid'],
    ['a device in the path that is none', 'DELETE', '/v1/quarantine/..%2F..', undefined, 'params-invalid'],
    ['a path that cannot be read', 'DELETE', '/v1/quarantine/%ff', undefined, 'request-malformed'],
    ['a feature that is none', 'PUT', '/v1/switches/toString', { position: 'off' }, 'params-invalid'],
    ['a position that is none', 'PUT', '/v1/switches/sharing', { position: 'of' }, 'params-invalid'],
    [
      'an empty list',
      'PUT',
      '/v1/switches/sharing',
      { position: 'off-for', devices: [], prefixes: [] },
      'params-invalid',
    ],
    ['an empty prefix', 'PUT', '/v1/switches/sharing', { position: 'off-for', prefixes: [''] }, 'params-invalid'],
    ['no time at all', 'POST', '/v1/drain', { overSeconds: 0 }, 'params-invalid'],
    ['a time that is too long', 'POST', '/v1/drain', { overSeconds: limits.drainSecondsMax + 1 }, 'params-invalid'],
    ['a body where there is none', 'POST', '/v1/reload', {}, 'params-invalid'],
    [
      'times the wrong way round',
      'GET',
      '/v1/audit/who-saw?device=a&from=2030-01-02T00:00:00Z&to=2030-01-01T00:00:00Z',
      undefined,
      'params-invalid',
    ],
    [
      'a time that is none',
      'GET',
      '/v1/audit/what-saw?subject=a&from=yesterday&to=2030-01-01T00:00:00Z',
      undefined,
      'params-invalid',
    ],
    ['a route that is none', 'GET', '/v1/nothing', undefined, 'not-found'],
    ['a method that is none', 'PATCH', '/v1/switches/sharing', undefined, 'method-not-allowed'],
    ['a preflight', 'OPTIONS', '/v1/revocations', undefined, 'method-not-allowed'],
  ])('%s: a clear error, nothing changed, recorded', async (_, method, target, body, code) => {
    await using s = await stage();
    const before = s.world.state;
    const told = await s.ask(method, target, body === undefined ? {} : { body });
    expect(told.code).toBe(code);
    expect(s.world.state).toBe(before);
    expect(s.audit.entries).toMatchObject([
      { by: 'operator', outcome: 'refused', detail: expect.stringContaining(code) },
    ]);
  });

  it.each([
    ['text', { raw: '{"of":"all"}', headers: { 'content-type': 'text/plain' } }, 'json-required'],
    ['a form', { raw: 'of=all', headers: { 'content-type': 'application/x-www-form-urlencoded' } }, 'json-required'],
    [
      'another charset',
      { raw: '{"of":"all"}', headers: { 'content-type': 'application/json; charset=utf-16' } },
      'json-required',
    ],
    ['half a JSON', { raw: '{"of":' }, 'message-not-json'],
    ['bytes that are no UTF-8', { raw: Uint8Array.of(0x22, 0xff, 0x22) }, 'message-not-json'],
    ['two JSONs', { raw: '{"of":"all"}{"of":"all"}' }, 'message-not-json'],
  ])('refuses %s as a body', async (_, asked, code) => {
    await using s = await stage();
    const told = await s.ask('POST', '/v1/revocations', asked);
    expect([told.code, s.levers.thrown]).toEqual([code, []]);
    expect(s.audit.entries).toMatchObject([{ outcome: 'refused' }]);
  });

  it('takes a body at its bound, and none beyond it', async () => {
    await using s = await stage();
    const json = '{"of":"all"}';
    const fits = json.padEnd(limits.adminBodyBytesMax, ' ');
    expect((await s.ask('POST', '/v1/revocations', { raw: fits })).status).toBe(200);
    expect((await s.ask('POST', '/v1/revocations', { raw: `${fits} ` })).code).toBe('message-too-large');
  });

  it('says which methods there are', async () => {
    await using s = await stage();
    expect((await s.ask('PATCH', '/v1/revocations')).headers.get('allow')).toBe('GET, POST');
  });

  it('never quotes what was wrong', async () => {
    await using s = await stage();
    const { body } = await s.ask('POST', '/v1/revocations', { body: { of: 'device', device: 'my secret!' } });
    expect(JSON.stringify([body, s.audit.entries])).not.toContain('my secret');
  });

  it('lets a lever refuse in its own words', async () => {
    await using s = await stage();
    s.levers.fails = new LatchkeyError('overloaded', 'there are 100000 revocations');
    const told = await s.ask('POST', '/v1/revocations', { body: { of: 'all' } });
    expect([told.status, told.body.detail]).toEqual([503, expect.stringContaining('100000')]);
    expect(s.audit.entries).toMatchObject([
      { outcome: 'begun' },
      { outcome: 'failed', detail: expect.stringContaining('overloaded') },
    ]);
  });

  it.each([
    ['is in force, and gone after a restart', 'POST', '/v1/revocations', { of: 'all' }, 'unkept'],
    ['is in force, and gone after a restart', 'PUT', '/v1/switches/sharing', { position: 'off' }, 'unkept'],
    [
      'is in force, and gone after a restart',
      'PUT',
      '/v1/switches/sharing',
      { position: 'off-for', prefixes: [], devices: ['cam-1'] },
      'unkept',
    ],
    ['did not come to count', 'PUT', '/v1/switches/sharing', { position: 'on' }, 'failed'],
    ['did not come to count', 'DELETE', '/v1/quarantine/cam-1', undefined, 'failed'],
  ])(
    'puts a lever that could not be kept on record as what it is: it %s (%s %s %j)',
    async (_, method, path, body, outcome) => {
      await using s = await stage();
      s.levers.fails = new LatchkeyError('lever-unkept', 'disk full');
      const told = await s.ask(method, path, body === undefined ? {} : { body });
      expect([told.status, told.code]).toEqual([500, 'lever-unkept']);
      const detail = `${method} ${outcome}: lever-unkept, disk full`;
      expect(s.audit.outcomes).toMatchObject([{ by: 'operator', outcome, detail }]);
    },
  );

  it('says nothing of a fault but that there was one', async () => {
    await using s = await stage();
    s.levers.fails = new Error('ENOSPC /var/lib/latchkey');
    const told = await s.ask('POST', '/v1/revocations', { body: { of: 'all' } });
    expect([told.status, told.body.detail]).toEqual([500, 'Something went wrong inside the relay.']);
    expect(s.faults).toEqual([s.levers.fails]);
  });
});

describe('the record', () => {
  it.each([
    ['POST', '/v1/revocations', { of: 'all' }],
    ['PUT', '/v1/switches/sharing', { position: 'on' }],
    ['DELETE', '/v1/quarantine/cam-1', undefined],
  ])('has it that an act is begun before it is done: %s %s', async (method, path, body) => {
    await using s = await stage();
    const before: unknown[] = [];
    const levers = { list: () => s.levers.list(), revoke: seen, release: seen, throwSwitch: seen, wouldEnd: seen };
    async function seen(): Promise<never> {
      before.push(...s.audit.entries);
      throw new LatchkeyError('overloaded');
    }
    Object.assign(s.levers, levers);
    await s.ask(method, path, body === undefined ? {} : { body });
    expect(before).toMatchObject([{ by: 'operator', outcome: 'begun' }]);
  });

  it('that hangs holds no door open, and opens none', async () => {
    const begun = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
    let acts = 0;
    const operatorActed = () => {
      begun[acts++]?.resolve();
      return new Promise<void>(() => {});
    };
    await using s = await stage({ audit: { writable: true, operatorActed } });
    void s.ask('PUT', '/v1/switches/sharing', { body: { position: 'on' } }).catch(() => {});
    await begun[0]?.promise;
    void s.ask('POST', '/v1/revocations', { body: { of: 'all' } }).catch(() => {});
    await begun[1]?.promise;
    expect(s.levers.thrown).toEqual([]);
    s.clock.advance(limits.adminBegunMsMax);
    await expect.poll(() => s.levers.thrown).toEqual(['{"of":"all"}']);
  });

  it('is written before the answer', async () => {
    const written = Promise.withResolvers<void>();
    const begun = Promise.withResolvers<void>();
    const audit = {
      writable: true,
      operatorActed: () => {
        begun.resolve();
        return written.promise;
      },
    };
    await using s = await stage({ audit });
    let isAnswered = false;
    const answer = s.ask('POST', '/v1/revocations', { body: { of: 'all' } }).then((told) => {
      isAnswered = true;
      return told;
    });
    await begun.promise;
    await s.ask('GET', '/v1/status');
    expect(isAnswered).toBe(false);
    written.resolve();
    expect((await answer).status).toBe(200);
  });

  it.each([
    ['PUT', '/v1/switches/sharing', { position: 'on' }],
    ['DELETE', '/v1/quarantine/cam-1', undefined],
    ['POST', '/v1/reload', undefined],
    ['GET', '/v1/audit/who-saw?device=a&from=2030-01-01T00:00:00Z&to=2030-01-01T00:00:00Z', undefined],
  ])('that cannot be written opens nothing: %s %s', async (method, path, body) => {
    await using s = await stage();
    s.audit.writable = false;
    const before = s.world.state;
    const told = await s.ask(method, path, body === undefined ? {} : { body });
    expect([told.status, told.code, told.body.done, s.world.state]).toEqual([
      503,
      'audit-unavailable',
      undefined,
      before,
    ]);
  });

  it.each([
    ['POST', '/v1/revocations', { of: 'device', device: 'cam-1' }],
    ['PUT', '/v1/switches/live-view', { position: 'off' }],
  ])('that cannot be written still lets a door be shut, and says so: %s %s', async (method, path, body) => {
    await using s = await stage();
    s.audit.writable = false;
    const told = await s.ask(method, path, { body });
    expect([told.code, told.body.done, s.levers.thrown.length]).toEqual(['audit-unavailable', true, 1]);
    expect(s.unrecorded).toHaveLength(2);
  });

  it('that breaks as it is written leaves no doubt about what was done', async () => {
    await using s = await stage();
    s.audit.breaks = true;
    const opened = await s.ask('PUT', '/v1/switches/sharing', { body: { position: 'on' } });
    expect([opened.code, opened.body.done, s.levers.thrown]).toEqual(['audit-unavailable', undefined, []]);
    const shut = await s.ask('PUT', '/v1/switches/sharing', { body: { position: 'off' } });
    expect([shut.code, shut.body.done, s.levers.thrown.length]).toEqual(['audit-unavailable', true, 1]);
    const dry = await s.ask('POST', '/v1/revocations?dryRun=true', { body: { of: 'all' } });
    expect([dry.code, dry.body.done]).toEqual(['audit-unavailable', undefined]);
  });

  it('that there is none of lets nothing be changed', async () => {
    await using s = await stage({ audit: undefined });
    expect((await s.ask('POST', '/v1/revocations', { body: { of: 'all' } })).code).toBe('not-offered');
    expect(s.levers.thrown).toEqual([]);
    expect((await s.ask('GET', '/v1/switches')).status).toBe(200);
  });

  it('is asked who saw a camera and what a person saw, and records that it was', async () => {
    await using s = await stage();
    const period = 'from=2030-01-01T00:00:00Z&to=2030-01-02T00:00:00%2B01:00';
    expect((await s.ask('GET', `/v1/audit/who-saw?device=cam-1&${period}`)).body).toMatchObject({
      sightings: [{ subject: 'alice' }],
      more: false,
      namesFromMs: null,
    });
    expect((await s.ask('GET', `/v1/audit/what-saw?subject=alice&${period}`)).body).toMatchObject({
      sightings: [{}, { endedAtMs: null }],
    });
    expect(s.audit.entries.map(({ action, target }) => [action, target])).toEqual([
      ['admin.who-saw', 'cam-1'],
      ['admin.what-saw', 'alice'],
    ]);
  });

  it('gives as many sightings as the bound, and says that there are more', async () => {
    const all = (count: number) => async () => ({
      found: Array.from({ length: count }, () => sighting),
      namesFromMs: 7,
    });
    await using s = await stage({
      record: { whoSaw: all(limits.adminSightingsMax), whatSaw: all(limits.adminSightingsMax + 1) },
    });
    const period = 'from=2030-01-01T00:00:00Z&to=2030-01-02T00:00:00Z';
    const count = ({ body }: { body: Record<string, unknown> }) => [
      (body.sightings as unknown[]).length,
      body.more,
      body.namesFromMs,
    ];
    expect(count(await s.ask('GET', `/v1/audit/who-saw?device=c&${period}`))).toEqual([
      limits.adminSightingsMax,
      false,
      7,
    ]);
    expect(count(await s.ask('GET', `/v1/audit/what-saw?subject=a&${period}`))).toEqual([
      limits.adminSightingsMax,
      true,
      7,
    ]);
  });
});

describe('what a relay does not offer', () => {
  it.each([
    ['POST', '/v1/drain', undefined, { drain: undefined }],
    ['POST', '/v1/reload', undefined, { reload: undefined }],
    ['GET', '/v1/switches', undefined, { levers: undefined }],
    ['POST', '/v1/revocations?dryRun=true', { of: 'all' }, { levers: undefined }],
    [
      'GET',
      '/v1/audit/who-saw?device=a&from=2030-01-01T00:00:00Z&to=2030-01-02T00:00:00Z',
      undefined,
      { record: undefined },
    ],
  ])('is said to be so: %s %s', async (method, target, body, powers) => {
    await using s = await stage(powers);
    expect(await s.ask(method, target, body === undefined ? {} : { body })).toMatchObject({
      status: 501,
      code: 'not-offered',
    });
  });
});

describe('a credential', () => {
  it.each([
    ['none', null, {}],
    ['another', 'x'.repeat(40), {}],
    ['half of one', operatorToken.slice(0, 32), {}],
    ['one and more', `${operatorToken}x`, {}],
    ['another scheme', null, { authorization: `Basic ${operatorToken}` }],
    ['one in the query', null, {}, `?access_token=${operatorToken}`],
    ['one as a cookie', null, { cookie: `token=${operatorToken}` }],
  ])('is needed for everything: %s is not taken', async (_, token, headers, query = '') => {
    await using s = await stage();
    const told = await s.ask('POST', `/v1/revocations${query}`, { token, headers, body: { of: 'all' } });
    expect([told.status, told.code, s.levers.thrown]).toEqual([401, 'admin-credential', []]);
    expect(told.headers.get('www-authenticate')).toBe('Bearer realm="latchkey admin"');
    expect(s.audit.entries).toMatchObject([{ action: 'sign-in', by: 'nobody', outcome: 'refused' }]);
  });

  it('is looked at before anything else is told', async () => {
    await using s = await stage();
    for (const target of ['/v1/nothing', '/v1/openapi.json', '/v1/status', '/v1']) {
      expect((await s.ask('GET', target, { token: null })).status).toBe(401);
    }
  });

  it('can be changed while the relay runs', async () => {
    await using s = await stage();
    const { readCredentials } = await import('../../src/admin/index.ts');
    const fresh = 'a-fresh-token-of-at-least-32-characters';
    s.admin.renewal({ credentials: readCredentials(`day:${fresh}`), tls: undefined })();
    expect((await s.ask('GET', '/v1/status')).status).toBe(401);
    expect((await s.ask('GET', '/v1/status', { token: fresh })).status).toBe(200);
  });

  it('comes with no cookie and no leave for another origin', async () => {
    await using s = await stage();
    const { headers } = await s.ask('GET', '/v1/status', { headers: { origin: 'https://elsewhere.example' } });
    expect([headers.get('set-cookie'), headers.get('access-control-allow-origin')]).toEqual([null, null]);
    expect(headers.get('cache-control')).toBe('no-store');
  });
});

it('says nothing of who is in quarantine, or for whom a feature is off, in the status', async () => {
  await using s = await stage();
  await s.levers.revoke({ of: 'device', device: deviceId('cam-1') });
  await s.levers.throwSwitch('sharing', { position: 'off-for', prefixes: ['lab-'], devices: [] });
  const told = await s.ask('GET', '/v1/status');
  expect(JSON.stringify(told.body)).not.toMatch(/cam-1|lab-/);
});
