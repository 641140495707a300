import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { createLog } from '../../src/telemetry/index.ts';
import { granting, refusing } from '../ownership/support/scripted-source.ts';
import { SharedSource } from '../ownership/support/sharing.ts';
import { type RedisProxy, redisProxy } from '../support/redis-proxy.ts';
import { type RunningRedis, runningRedis } from '../support/redis-server.ts';
import { type RunningRelay, runningRelay } from '../support/running-relay.ts';
import { watching } from '../support/watching.ts';

const folder = mkdtempSync(join(tmpdir(), 'latchkey-shared-'));
const keys = Buffer.alloc(32, 5).toString('base64');
const lines: string[] = [];
let redis: RunningRedis;
let proxy: RedisProxy;
let source: SharedSource;
let relays: RunningRelay[];

beforeAll(async () => {
  redis = await runningRedis(['--requirepass', 'open-sesame']);
  proxy = await redisProxy(redis.port, 1);
  writeFileSync(join(folder, 'keys'), keys);
  writeFileSync(join(folder, 'password'), 'open-sesame\n');
  const shared = {
    url: `redis://127.0.0.1:${proxy.port}`,
    keys: { file: join(folder, 'keys') },
    password: { file: join(folder, 'password') },
  };
  source = new SharedSource();
  source.answer = (question) => (question.subject === 'alice' ? granting(question) : refusing(question));
  const log = createLog('debug', { write: (line) => void lines.push(line) });
  const environment = {
    LATCHKEY_OWNERSHIP_CACHE_SHARED: JSON.stringify(shared),
    LATCHKEY_OWNERSHIP_CACHE_GRANT_MS_MAX: '60000',
    LATCHKEY_OWNERSHIP_CACHE_REFUSAL_MS_MAX: '60000',
  };
  relays = await Promise.all([1, 2].map(() => runningRelay({ environment, parts: { source, log } })));
});

afterAll(async () => {
  for (const relay of relays) await relay[Symbol.asyncDispose]();
  await proxy[Symbol.asyncDispose]();
  await redis[Symbol.asyncDispose]();
  rmSync(folder, { recursive: true });
});

async function codeFor(relay: RunningRelay | undefined, person: string): Promise<string> {
  if (relay === undefined) throw new Error('there are two relays');
  await using view = await watching(relay, person, 'maple-garden');
  return await view.outcome;
}

const inUse = (relay: RunningRelay) => relay.metric('latchkey_shared_cache_in_use');

it('two relays share what the source said, and count it', async () => {
  for (const relay of relays) await expect.poll(() => inUse(relay), { timeout: 10_000 }).toBe(1);
  const [first, second] = relays;
  expect([await codeFor(first, 'dan'), await codeFor(second, 'dan')]).toEqual(['not-allowed', 'not-allowed']);
  expect(source.asked).toEqual(['dan maple-garden']);
  expect(await first?.metric('latchkey_shared_cache_questions_total', { outcome: 'miss' })).toBe(1);
  expect(await second?.metric('latchkey_shared_cache_questions_total', { outcome: 'hit' })).toBe(1);
  expect(await second?.metric('latchkey_ownership_answers_total', { outcome: 'refused', from: 'shared' })).toBe(1);
});

it('an answer that is another’s is an alarm, and nobody’s picture', async () => {
  const [first, second] = relays;
  await first?.camera('maple-garden');
  await second?.camera('maple-garden');
  expect(await codeFor(first, 'alice')).toBe('frame');
  proxy.faults = { rates: { corrupt: 1 } };
  expect(await codeFor(second, 'alice')).toBe('frame');
  proxy.faults = { rates: {} };
  expect(await second?.metric('latchkey_alarms_total', { kind: 'shared-seal' })).toBe(1);
  expect(source.asked.filter((question) => question === 'alice maple-garden')).toHaveLength(2);
});

it('and the logs name neither people nor cameras nor secrets', () => {
  const all = lines.join('\n');
  expect(all).toContain('"state":"connected"');
  expect(all).toContain('"kind":"shared-seal"');
  for (const word of ['alice', 'maple-garden', 'open-sesame', keys, 'latchkey:1:']) expect(all).not.toContain(word);
});

it('a relay with the embedded database does not start with a shared cache', async () => {
  const shared = { url: `redis://127.0.0.1:${proxy.port}`, keys: { file: join(folder, 'keys') } };
  const environment = { LATCHKEY_OWNERSHIP_CACHE_SHARED: JSON.stringify(shared) };
  await expect(runningRelay({ environment })).rejects.toMatchObject({ code: 'settings-invalid' });
});
