import { Redis } from 'ioredis';
import type { ManualClock } from '../../support/manual-clock.ts';
import { type RunningRedis, runningRedis } from '../../support/redis-server.ts';
import { type FleetRelay, relayOn } from './fleet.ts';
import type { SharedSource } from './sharing.ts';

/** A Redis to which somebody has got access, and the relays that share it. */
export async function somebodyAtRedis(clock: ManualClock) {
  const redis: RunningRedis = await runningRedis();
  const attacker = new Redis({ port: redis.port, host: '127.0.0.1' });
  const relays: FleetRelay[] = [];
  return {
    attacker,
    /** A relay that is connected. */
    async relay(source: SharedSource): Promise<FleetRelay> {
      const relay = relayOn(redis.port, clock, source);
      relays.push(relay);
      await relay.until(() => relay.shared.inUse);
      return relay;
    },
    /** The one name that was not there before `work`, with its entry. */
    async written(work: () => Promise<unknown>): Promise<{ name: string; entry: string }> {
      const before = new Set(await attacker.keys('*'));
      await work();
      for (;;) {
        const name = (await attacker.keys('*')).find((each) => !before.has(each));
        const entry = name === undefined ? null : await attacker.get(name);
        if (name !== undefined && entry !== null) return { name, entry };
      }
    },
    async [Symbol.asyncDispose](): Promise<void> {
      await Promise.all(relays.map((relay) => relay.close()));
      attacker.disconnect();
      await redis[Symbol.asyncDispose]();
    },
  };
}
