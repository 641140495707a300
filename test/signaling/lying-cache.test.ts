import { afterAll, beforeAll, expect, it } from 'vitest';
import { systemRandom } from '../../src/base/index.ts';
import { createPairing } from '../../src/pairing/index.ts';
import { cameraOf, type FleetRelay, people, relayOn, truthOf } from '../ownership/support/fleet.ts';
import { ManualClock } from '../support/manual-clock.ts';
import type { MemorySocket } from '../support/memory-transport.ts';
import { redisProxy } from '../support/redis-proxy.ts';
import { type RunningRedis, runningRedis } from '../support/redis-server.ts';
import { seededRandom } from '../support/seeded-random.ts';
import { cameraAnswer, signalingWorld, viewerOffer, type World, worldAdmission } from '../support/signaling-world.ts';

const seeds = [1, 2, 3, systemRandom.bytes(4).readUInt32BE()];
const rates = { swap: 0.02, previous: 0.01, duplicate: 0.005, drop: 0.005, truncate: 0.01, corrupt: 0.01 };

let redis: RunningRedis;

beforeAll(async () => {
  redis = await runningRedis();
});

afterAll(() => redis[Symbol.asyncDispose]());

/** The mark that a camera or a person leaves in their descriptions. */
const markOf = (name: string) => `${name.replace(/\D/g, '').padStart(4, '0')}${name.replace(/\d/g, '')}`;
const offerOf = (person: string) => viewerOffer.replaceAll('R9BI', markOf(person));
const answerOf = (camera: string) => cameraAnswer.replaceAll('ufrag:3735', `ufrag:${markOf(camera)}`);
const ufragOf = (sdp: string | undefined) => /a=ice-ufrag:(\S+)/.exec(sdp ?? '')?.[1];

interface Asked {
  readonly person: string;
  readonly camera: string;
  readonly socket: MemorySocket;
  readonly id: string;
}

/** A whole relay whose questions go through the shared cache, with every camera of the fleet registered. */
async function relayWith(relay: FleetRelay, clock: ManualClock) {
  const world = signalingWorld(1, {
    pairing: createPairing(relay.ownership, clock),
    settings: { realm: 'latchkey', unregisteredMax: 4_096, admission: worldAdmission },
  });
  const cameras = new Map<string, MemorySocket>();
  for (const n of people.keys()) cameras.set(cameraOf(n), await world.camera(cameraOf(n)));
  return { world, cameras };
}

/** These people connect at once: to their own camera, to their guest’s, and to two strangers’ ones. */
async function theyConnect(who: readonly string[], world: World, fraction: () => number): Promise<Asked[]> {
  const all: Asked[] = [];
  for (const person of who) {
    const n = people.indexOf(person);
    const stranger = () => cameraOf(n + 2 + Math.floor(fraction() * 57));
    for (const camera of [cameraOf(n), stranger(), cameraOf(n + 1), stranger()]) {
      const socket = await world.socket(`viewer/${person}`);
      all.push({ person, camera, socket, id: socket.ask('connect', { peer: camera, offer: offerOf(person) }) });
    }
  }
  return all;
}

/** Another relay, on a road that is as it should be, has had these questions already. */
async function asksBefore(clock: ManualClock): Promise<void> {
  const other = relayOn(redis.port, clock);
  await other.until(() => other.shared.inUse);
  await Promise.all(people.flatMap((person, n) => [0, 1].map((more) => other.roleOf(person, cameraOf(n + more)))));
  // Once this one is answered, all that was written before it is there.
  await other.roleOf('person0', 'cam30');
  await other.close();
}

/** Lets the cameras answer whatever they are asked, until every viewer has been told something. */
async function untilAllAreTold(world: World, cameras: ReadonlyMap<string, MemorySocket>, asked: readonly Asked[]) {
  const done = new Set<unknown>();
  while (asked.some(({ socket, id }) => socket.reply(id) === undefined)) {
    await world.settle();
    for (const [name, camera] of cameras) {
      for (const invite of camera.requests('invite')) {
        if (!done.has(invite)) camera.answer(invite, { answer: answerOf(name) });
        done.add(invite);
      }
    }
  }
}

it.each(seeds)(
  'hundreds of viewers get their own camera’s answer or a refusal, and no other’s (seed %i)',
  async (seed) => {
    await using proxy = await redisProxy(redis.port, seed, { rates });
    const { fraction } = seededRandom(seed);
    const relays: FleetRelay[] = [];
    for (let wave = 0; wave < 3; wave++) {
      const clock = new ManualClock();
      const relay = relayOn(proxy.port, clock);
      relays.push(relay);
      const { world, cameras } = await relayWith(relay, clock);
      await asksBefore(clock);
      const asked: Asked[] = [];
      for (let first = 0; first < people.length; first += 10) {
        await relay.until(() => relay.shared.inUse || relay.isLeftOut());
        asked.push(...(await theyConnect(people.slice(first, first + 10), world, fraction)));
        await untilAllAreTold(world, cameras, asked);
      }

      for (const { person, camera, socket, id } of asked) {
        const told = socket.received.filter((message) => message.id === id);
        expect(told).toHaveLength(1);
        if (truthOf(person, camera) === undefined) expect(told[0]?.error).toMatchObject({ code: 403 });
        else expect(ufragOf(told[0]?.result?.answer)).toBe(markOf(camera));
      }
      for (const [name, camera] of cameras) {
        for (const { params } of camera.requests('invite')) {
          const grant = JSON.parse(params?.grant ?? '') as { sub: string; device: string };
          expect(grant.device).toBe(name);
          expect(truthOf(grant.sub, name)).toBeDefined();
          expect(ufragOf(params?.offer)).toBe(markOf(grant.sub));
        }
      }
      for (const { pair } of world.relay.wires) expect(truthOf(pair.subject, pair.device)).toBeDefined();
      expect(world.relay.wires).toHaveLength(2 * people.length);
      expect(world.faults).toEqual([]);
      await relay.close();
    }
    expect(relays.flatMap(({ asked }) => asked)).toContain('hit');
    expect(relays.flatMap(({ alarms }) => alarms)).not.toEqual([]);
  },
);
