import { describe, expect, it } from 'vitest';
import { operations } from '../../src/admin/operations.ts';
import { limits } from '../../src/base/index.ts';
import type { Drain, DrainOutcome, DrainPlan } from '../../src/signaling/index.ts';
import { Draining } from '../../src/wiring/draining.ts';
import { shortDrain } from '../../src/wiring/index.ts';
import { ManualClock } from '../support/manual-clock.ts';

const settings = { leadSeconds: 2, overSeconds: 10, sessionsSecondsMax: 20, totalSecondsMax: 60 };

function world() {
  const clock = new ManualClock();
  const told: string[] = [];
  const plans: DrainPlan[] = [];
  const done = Promise.withResolvers<DrainOutcome>();
  const drain: Drain = { phase: 'lead', done: done.promise, hasten: () => done.resolve('hastened') };
  const note = (words: string, fields?: object) => void told.push(`${words} ${JSON.stringify(fields)}`);
  let devicesOnline = 7;
  const draining = new Draining({
    clock,
    log: { debug: note, info: note, warn: note, error: note },
    settings: () => settings,
    signaling: {
      drain(plan, refusing) {
        told.push('drain');
        plans.push(plan);
        refusing?.();
        return drain;
      },
      get devicesOnline() {
        return devicesOnline;
      },
      connections: 9,
    },
    sessions: () => 3,
    begun: () => void told.push('begun'),
    letGo: () => void told.push('let go'),
  });
  return { clock, told, plans, done, draining, left: (cameras: number) => (devicesOnline = cameras) };
}

describe('draining', () => {
  it('is told to whoever sends new work before anything else happens', () => {
    const { draining, told } = world();
    void draining.drain();
    expect(told.slice(0, 3)).toEqual(['begun', 'drain', 'let go']);
    expect(draining.begun).toBe(true);
  });

  it('goes by the settings, unless it is told otherwise', () => {
    const [asSet, own, short] = [world(), world(), world()];
    void asSet.draining.drain();
    expect(asSet.plans).toEqual([{ leadMs: 2_000, overMs: 10_000, sessionsMsMax: 20_000, totalMsMax: 60_000 }]);
    void own.draining.drain({ overSeconds: 90 });
    expect(own.plans).toEqual([{ leadMs: 2_000, overMs: 90_000, sessionsMsMax: 20_000, totalMsMax: 112_000 }]);
    void short.draining.drain(shortDrain);
    expect(short.plans).toEqual([{ leadMs: 0, overMs: 1_000, sessionsMsMax: 0, totalMsMax: 3_000 }]);
  });

  it.each([0, -1, 1.5, Number.NaN, limits.drainSecondsMax + 1])(
    'refuses %s seconds, and has not begun',
    async (overSeconds) => {
      const { draining, told } = world();
      await expect(draining.drain({ overSeconds })).rejects.toMatchObject({ code: 'params-invalid' });
      expect([told, draining.begun]).toEqual([[], false]);
    },
  );

  it('lasts for any time that the admin API takes', () => {
    const { draining, plans } = world();
    const { body } = operations.drain;
    expect(body.safeParse({ overSeconds: limits.drainSecondsMax + 1 }).success).toBe(false);
    const { overSeconds = 0 } = body.parse({ overSeconds: limits.drainSecondsMax });
    void draining.drain({ overSeconds });
    expect(plans).toMatchObject([{ overMs: limits.drainSecondsMax * 1000 }]);
  });

  it('is joined by whoever asks again', async () => {
    const { draining, plans, done } = world();
    const both = Promise.all([draining.drain(), draining.drain({ overSeconds: 1 })]);
    done.resolve('moved');
    await both;
    await draining.drained;
    expect(plans).toHaveLength(1);
  });

  it('tells how many are left, now and then, until it is over', async () => {
    const { clock, draining, told, done, left } = world();
    const heard: number[] = [];
    draining.tell(({ cameras }) => heard.push(cameras));
    const over = draining.drain();
    clock.advance(limits.drainToldMs);
    left(4);
    clock.advance(limits.drainToldMs);
    expect(heard).toEqual([7, 7, 4]);
    done.resolve('moved');
    await over;
    expect(told.at(-1)).toBe('drained {"outcome":"moved","cameras":4,"connections":9,"sessions":3}');
    expect(clock.pending).toBe(0);
  });

  it('is hastened once it has begun', async () => {
    const { draining } = world();
    draining.hasten();
    const over = draining.drain();
    draining.hasten();
    await over;
  });
});
