import { randomBytes } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { sharedCacheCheck } from '../../../src/cli/doctor/shared-cache.ts';
import { freePort } from '../../support/free-port.ts';
import { runningRedis } from '../../support/redis-server.ts';
import { patient, said } from './support/patient.ts';

const keys = { environment: 'DOCTOR_TEST_SHARED_KEYS' };
process.env[keys.environment] = randomBytes(32).toString('base64');
const passwords = { environment: 'DOCTOR_TEST_SHARED_PASSWORD' };
process.env[passwords.environment] = 'wrong';

const ofCache = (port: number, more: object = {}) =>
  patient({
    environment: {
      LATCHKEY_OWNERSHIP_CACHE_SHARED: JSON.stringify({ url: `redis://127.0.0.1:${port}`, keys, ...more }),
    },
  });

describe('the check of the shared cache', () => {
  it('writes a sealed entry and reads it again', async () => {
    await using redis = await runningRedis();
    expect((await said(sharedCacheCheck, ofCache(redis.port)))[0]).toMatch(
      /^ok: .*takes a sealed entry and gives it back/,
    );
  });

  it('says where there is none', async () => {
    expect(await said(sharedCacheCheck, patient())).toEqual(['ok: relays share no cache']);
  });

  it('one that is not there is a problem', async () => {
    expect((await said(sharedCacheCheck, ofCache(await freePort())))[0]).toMatch(
      /^problem: .*cannot be reached \(lost, ECONNREFUSED\)/,
    );
  });

  it('one that wants another password is a problem', async () => {
    await using redis = await runningRedis(['--requirepass', 'right']);
    expect((await said(sharedCacheCheck, ofCache(redis.port, { password: passwords })))[0]).toMatch(
      /^problem: .*does not let this relay in → .*password/,
    );
  });

  it('one that takes no entry is a problem', async () => {
    await using redis = await runningRedis(['--maxmemory', '1', '--maxmemory-policy', 'noeviction']);
    expect((await said(sharedCacheCheck, ofCache(redis.port)))[0]).toMatch(/^problem: .*did not come back \(miss\) →/);
  });

  it('a key that is none is a problem', async () => {
    expect((await said(sharedCacheCheck, ofCache(1, { keys: { file: 'no-such-file' } })))[0]).toMatch(
      /^problem: no-such-file cannot be read/,
    );
  });
});
