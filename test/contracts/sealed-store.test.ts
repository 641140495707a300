import { afterAll, beforeAll } from 'vitest';
import { createLruStore } from '../../src/ownership/index.ts';
import { connectedStore } from '../ownership/support/connected-store.ts';
import { type RunningRedis, runningRedis } from '../support/redis-server.ts';
import { sealedStoreContract } from './sealed-store.ts';

sealedStoreContract('in this process', () => ({ ...createLruStore(1_000), end() {} }));

let redis: RunningRedis;

beforeAll(async () => {
  redis = await runningRedis();
});

afterAll(() => redis[Symbol.asyncDispose]());

sealedStoreContract('on Redis', async () => {
  const { store } = await connectedStore({ port: redis.port });
  const own = `${Math.random()}:`;
  return {
    get: (name) => store.get(own + name),
    set: (name, sealed) => store.set(own + name, sealed, 60_000),
    end: () => store.close(),
  };
});
