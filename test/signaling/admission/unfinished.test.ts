import { describe, expect, it } from 'vitest';
import { LatchkeyError, limits, Redacted } from '../../../src/base/index.ts';
import { Admission, type NotAdmitted } from '../../../src/signaling/admission/admission.ts';
import { ManualClock } from '../../support/manual-clock.ts';
import { seededRandom } from '../../support/seeded-random.ts';

const slots = limits.verificationsInFlightMax;

function admissionWorld(verificationsMax: number) {
  const clock = new ManualClock();
  const told: NotAdmitted[] = [];
  const none = { attempts: undefined, failures: { perMinute: 1, burst: 1 }, registrations: undefined };
  const settings = { verificationsMax, waitingMax: limits.verificationsWaitingMax, lagMsMax: 250, ...none };
  const observer = { notAdmitted: (_: string, reason: NotAdmitted) => told.push(reason) };
  const admission = new Admission(settings, { clock, random: seededRandom(1) }, observer);
  let asked = 0;
  const verify = (work: () => Promise<string>) => {
    const visitor = { lane: 'camera', address: '203.0.113.7', known: true, gone: undefined } as const;
    return admission.verify(visitor, new Redacted(`token ${asked++}`), work);
  };
  return { clock, told, admission, verify };
}

/** One that is never done by itself. */
function hanging() {
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  return { work: () => promise, resolve, reject };
}

const overloaded = { code: 'overloaded', retryAfterSeconds: expect.any(Number) };

describe('a verification that is not done in its time', () => {
  it('is given up then and not before, with a time to come back, and holds nothing any more', async () => {
    const { clock, told, admission, verify } = admissionWorld(1);
    const refused = expect(verify(hanging().work)).rejects.toMatchObject(overloaded);
    clock.advance(limits.verificationMsMax - 1);
    expect([admission.readings.inFlight, told]).toEqual([1, []]);
    clock.advance(1);
    await refused;
    expect([admission.readings.inFlight, told, clock.pending]).toEqual([0, ['unfinished'], 0]);
  });

  it.each([
    ['a yes', (one: ReturnType<typeof hanging>) => one.resolve('late')],
    ['a fault', (one: ReturnType<typeof hanging>) => one.reject(new Error('late'))],
  ])('comes to nothing, though it ends as %s afterwards', async (_, end) => {
    const { clock, admission, verify } = admissionWorld(1);
    const one = hanging();
    const refused = expect(verify(one.work)).rejects.toMatchObject(overloaded);
    clock.advance(limits.verificationMsMax);
    await refused;
    end(one);
    expect(await verify(async () => 'next')).toBe('next');
    expect(admission.readings.inFlight).toBe(0);
  });

  it('fails as it fails, when it does so in time', async () => {
    const { clock, verify } = admissionWorld(1);
    const one = hanging();
    const refused = expect(verify(one.work)).rejects.toMatchObject({ code: 'token-expired' });
    clock.advance(limits.verificationMsMax - 1);
    one.reject(new LatchkeyError('token-expired'));
    await refused;
    expect(clock.pending).toBe(0);
  });
});

describe('as many as may lag, and as many again in all slots', () => {
  function full() {
    const world = admissionWorld(slots);
    const stuck = Array.from({ length: slots + limits.verificationsLaggingMax }, () => {
      const one = hanging();
      return { ...one, result: world.verify(one.work).catch((thrown: LatchkeyError) => thrown.code) };
    });
    world.clock.advance(2 * limits.verificationSlotMsMax);
    expect(world.admission.readings.inFlight).toBe(slots + limits.verificationsLaggingMax);
    return { ...world, stuck };
  }

  it('keep whoever waits from a slot no longer than their time, and it is let in before it would be sent away', async () => {
    const { clock, told, admission, verify, stuck } = full();
    const next = verify(async () => 'next');
    clock.advance(limits.verificationMsMax - 2 * limits.verificationSlotMsMax - 1);
    expect(admission.readings.waiting.camera).toBe(1);
    clock.advance(1);
    expect(await next).toBe('next');
    clock.advance(limits.verificationSlotMsMax);
    const all = await Promise.all(stuck.map(({ result }) => result));
    expect(new Set(all)).toEqual(new Set(['overloaded']));
    expect([told.length, new Set(told)]).toEqual([stuck.length, new Set(['unfinished'])]);
    expect([admission.readings.inFlight, clock.pending]).toEqual([0, 0]);
  });

  it('let the next one in as soon as one that lagged is done: another that has had its time lags in its place', async () => {
    const { verify, stuck } = full();
    const next = verify(async () => 'next');
    stuck[0]?.resolve('done');
    expect(await next).toBe('next');
    expect(await stuck[0]?.result).toBe('done');
  });
});
