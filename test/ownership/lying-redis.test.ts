import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { limits, systemRandom } from '../../src/base/index.ts';
import { faultKinds, type ProxyFaults, redisProxy } from '../support/redis-proxy.ts';
import { type RunningRedis, runningRedis } from '../support/redis-server.ts';
import { seededRandom } from '../support/seeded-random.ts';
import { askAll, type FleetRelay, people, questionsOf, relayOn, truthOf } from './support/fleet.ts';
import { plainCache } from './support/plain-cache.ts';

/** What a client library did to a fleet that came back at once, and everything else that a road can do to replies. */
const everyFault: ProxyFaults = {
  rates: {
    swap: 0.01,
    previous: 0.006,
    duplicate: 0.004,
    drop: 0.004,
    truncate: 0.004,
    cut: 0.002,
    corrupt: 0.004,
    delay: 0.002,
    close: 0.002,
  },
};
const mixedUp: ProxyFaults = { rates: { swap: 0.1, previous: 0.1 } };
const seeds = [1, 2, 3, 4, 5, systemRandom.bytes(4).readUInt32BE()];

let redis: RunningRedis;

beforeAll(async () => {
  redis = await runningRedis();
});

afterAll(() => redis[Symbol.asyncDispose]());

const count = (all: readonly string[], which: string) => all.filter((each) => each === which).length;

describe('a fleet that comes back at once, on a Redis whose replies are mixed up', () => {
  const done = new Map<string, number>();

  it.each(seeds)('is answered rightly, every time (seed %i)', async (seed) => {
    await using proxy = await redisProxy(redis.port, seed, everyFault);
    const random = seededRandom(seed);
    const relays: FleetRelay[] = [];
    const wrong: string[] = [];
    for (let wave = 0; wave < 3; wave++) {
      const fresh = Array.from({ length: 3 }, () => relayOn(proxy.port));
      relays.push(...fresh);
      const answers = fresh.map((relay) => askAll(relay, questionsOf(random.fraction)));
      wrong.push(...(await Promise.all(answers)).flat());
    }
    await Promise.all(relays.map((relay) => relay.close()));

    expect(wrong).toEqual([]);
    expect(relays.flatMap(({ asked }) => asked)).toContain('hit');
    const alarms = relays.flatMap((relay) => relay.alarms);
    expect(alarms).toContain('shared-crossed');
    expect(alarms.every((kind) => /^shared-(?:seal|crossed|foreign)$/.test(kind))).toBe(true);
    expect(relays.some((relay) => relay.isLeftOut())).toBe(true);
    for (const relay of relays) {
      expect(relay.isLeftOut()).toBe(relay.alarms.length >= limits.sharedAlarmsMax);
    }
    for (const kind of faultKinds) done.set(kind, (done.get(kind) ?? 0) + proxy.done[kind]);
  });

  it('has met every fault that the road has', () => {
    expect(faultKinds.filter((kind) => (done.get(kind) ?? 0) === 0)).toEqual([]);
  });
});

describe('the same road and a cache without seals', () => {
  it.each(seeds.slice(0, 3))('crosses people: strangers are let in, and owners are not (seed %i)', async (seed) => {
    await using proxy = await redisProxy(redis.port, seed, mixedUp);
    const random = seededRandom(seed);
    const cache = plainCache(proxy.port);
    const letIn: string[] = [];
    const shutOut: string[] = [];
    for (let wave = 0; wave < 6; wave++) {
      const ask = async ([subject, device]: [string, string]) => {
        const may = await cache.mayWatch(subject, device);
        if (may && truthOf(subject, device) === undefined) letIn.push(`${subject} ${device}`);
        if (!may && truthOf(subject, device) !== undefined) shutOut.push(`${subject} ${device}`);
      };
      await Promise.all(questionsOf(random.fraction).map(ask));
    }
    cache.close();
    cache.close();
    expect(letIn.length).toBeGreaterThan(0);
    expect(shutOut.length).toBeGreaterThan(0);
  });

  it('while a cache with seals does not', async () => {
    await using proxy = await redisProxy(redis.port, 1, mixedUp);
    const relay = relayOn(proxy.port);
    const random = seededRandom(1);
    for (let wave = 0; wave < 3; wave++) expect(await askAll(relay, questionsOf(random.fraction), 240)).toEqual([]);
    await relay.close();
    expect(relay.alarms).not.toEqual([]);
  });
});

describe('a Redis that dies under load', () => {
  it('makes answers slower, never wrong, never open, and is no alarm; it is used again when it is back', async () => {
    await using mortal = await runningRedis();
    const relays = [relayOn(mortal.port), relayOn(mortal.port)];
    const random = seededRandom(1);
    const everyone = async () => {
      const all = relays.map((relay) => Promise.all(questionsOf(random.fraction).map((each) => right(relay, each))));
      return (await Promise.all(all)).flat();
    };
    for (let round = 0; round < 2; round++) {
      await Promise.all(relays.map((relay) => relay.until(() => relay.shared.inUse)));
      const answers = Promise.all([everyone(), everyone()]);
      const killed = mortal.kill();
      expect((await answers).flat()).not.toContain(false);
      await killed;
      expect(await everyone()).not.toContain(false);
      await Promise.all(relays.map((relay) => relay.until(() => !relay.shared.inUse)));
      await mortal.restart();
    }
    await Promise.all(relays.map((relay) => relay.until(() => relay.shared.inUse)));
    const [fresh, other] = [relayOn(mortal.port), relayOn(mortal.port)];
    await Promise.all([fresh, other].map((relay) => relay.until(() => relay.shared.inUse)));
    await Promise.all(people.map((person) => fresh.roleOf(person, 'cam1')));
    await Promise.all(people.map((person) => other.roleOf(person, 'cam1')));
    expect(count(other.asked, 'hit')).toBeGreaterThan(0);
    expect([...relays, fresh, other].flatMap((relay) => relay.alarms)).toEqual([]);
    await Promise.all([...relays, fresh, other].map((relay) => relay.close()));
  });

  it('costs its time once, not each question', async () => {
    await using proxy = await redisProxy(redis.port, 1);
    const relay = relayOn(proxy.port);
    await relay.until(() => relay.shared.inUse);
    proxy.silent = true;
    for (const each of questionsOf(seededRandom(1).fraction)) expect(await right(relay, each)).toBe(true);
    await relay.close();
    expect(relay.told).toEqual(['connected', 'late']);
    expect(count(relay.asked, 'unavailable')).toBe(240);
    expect(relay.alarms).toEqual([]);
  });
});

async function right(relay: FleetRelay, [subject, device]: [string, string]): Promise<boolean> {
  return (await relay.roleOf(subject, device)) === truthOf(subject, device);
}
