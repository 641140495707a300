import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { limits } from '../../../src/base/index.ts';
import { seededRandom } from '../../support/seeded-random.ts';
import { type Client, type Outcome, simulate } from './fleet.ts';

const fleet = 15_000;
const hourMs = 3_600_000;

function cameras(count: number, spreadMs: number, seed: number, more: Partial<Client> = {}): Client[] {
  const random = seededRandom(seed);
  return Array.from({ length: count }, () => ({
    lane: 'camera',
    atMs: Math.floor(random.fraction() * spreadMs),
    honours: true,
    ...more,
  }));
}

/** Somebody who wants to watch, that many times a second, for a minute. */
function viewers(perSecond: number): Client[] {
  return Array.from({ length: 60 * perSecond }, (_, index) => ({
    lane: 'viewer',
    atMs: Math.floor((index * 1000) / perSecond),
    honours: true,
  }));
}

function waitsMs(clients: readonly Client[], { servedMs }: Outcome, of: (client: Client) => boolean): number[] {
  return clients.flatMap((client, index) => (of(client) ? (servedMs[index] ?? hourMs) - client.atMs : []));
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

/** A storm of any strength on a relay of any speed. */
const storm = fc.record({
  perSecond: fc.integer({ min: 200, max: 4_000 }),
  spreadMs: fc.integer({ min: 0, max: 4_000 }),
  seed: fc.nat(),
});

describe('a fleet that comes back at once', () => {
  it('comes in as a ramp: no second wave, nobody is sent away for long, and all are in when they could be', () => {
    fc.assert(
      fc.property(storm, ({ perSecond, spreadMs, seed }) => {
        const outcome = simulate(cameras(fleet, spreadMs, seed), { perSecond, seed, endMs: hourMs });
        const later = outcome.arrivals.slice(Math.ceil(spreadMs / 1000) + 1);
        expect(Math.max(0, ...later)).toBeLessThanOrEqual(Math.max(1.5 * perSecond, limits.servedPerSecondFirst));
        expect(outcome.longestToldMs).toBeLessThanOrEqual(limits.rampMsMax);
        expect(outcome.waitingMost).toBeLessThanOrEqual(8_192);
        const servedMs = outcome.servedMs.map((ms) => ms ?? Number.POSITIVE_INFINITY);
        expect(Math.max(...servedMs)).toBeLessThanOrEqual(spreadMs + 2 * ((fleet * 1000) / perSecond) + 12_000);
      }),
      { numRuns: 15 },
    );
  });

  it('is not kept away from a relay that is faster than was thought', () => {
    const outcome = simulate(cameras(fleet, 1_000, 1), { perSecond: 4_000, seed: 1, endMs: hourMs });
    expect(Math.max(...outcome.servedMs.map((ms) => ms ?? hourMs))).toBeLessThan(2 * ((fleet * 1000) / 4_000));
  });

  it('comes in nearly in the order in which it came', () => {
    const early = cameras(fleet / 2, 500, 1);
    const late = cameras(fleet / 2, 500, 2).map((camera) => ({ ...camera, atMs: camera.atMs + 1_000 }));
    const clients = [...early, ...late];
    const outcome = simulate(clients, { perSecond: 500, seed: 1, endMs: hourMs });
    const servedOf = (from: number, to: number) => mean(outcome.servedMs.slice(from, to).map((ms) => ms ?? hourMs));
    expect(servedOf(0, early.length)).toBeLessThan(servedOf(early.length, clients.length));
  });
});

describe('those who do not wait as they are told', () => {
  it('gain nothing by it, and take nothing from the others', () => {
    fc.assert(
      fc.property(storm, fc.boolean(), ({ perSecond, spreadMs, seed }, disguised) => {
        const outcomeWhere = (honours: boolean) => {
          const clients = [
            ...cameras(5_000, spreadMs, seed),
            ...cameras(200, spreadMs, seed + 1, { honours, disguised: disguised && !honours }),
          ];
          const { servedMs } = simulate(clients, { perSecond, seed, endMs: 300_000 });
          const waits = clients.map((client, index) => (servedMs[index] ?? hourMs) - client.atMs);
          return { others: mean(waits.slice(0, 5_000)), impatient: mean(waits.slice(5_000)) };
        };
        const [patience, impatience] = [outcomeWhere(true), outcomeWhere(false)];
        // Whoever waits as told waits whole seconds, and half of one more by its own dice.
        expect(impatience.impatient).toBeGreaterThan(patience.impatient - 2_000);
        expect(impatience.others).toBeLessThan(2 * patience.others + 2_000);
      }),
      { numRuns: 15 },
    );
  });

  it('keep no viewer waiting', () => {
    fc.assert(
      fc.property(storm, ({ perSecond, spreadMs, seed }) => {
        const impatient = cameras(500, spreadMs, seed, { honours: false, disguised: true });
        const clients = [...viewers(20), ...impatient, ...cameras(5_000, spreadMs, seed + 1)];
        const outcome = simulate(clients, { perSecond, seed, endMs: 65_000 });
        // What is under way is finished first, and now and then comes a camera.
        const slotsMs = (32 * 1000) / perSecond;
        expect(Math.max(...waitsMs(clients, outcome, ({ lane }) => lane === 'viewer'))).toBeLessThan(4 * slotsMs + 50);
      }),
      { numRuns: 10 },
    );
  });
});

it('cameras come in while viewers alone are more than can be served', () => {
  const clients = [...viewers(300), ...cameras(500, 1_000, 1)];
  const outcome = simulate(clients, { perSecond: 100, seed: 1, endMs: 60_000 });
  const waits = waitsMs(clients, outcome, ({ lane }) => lane === 'camera');
  // A quarter of the turns is theirs.
  expect(Math.max(...waits)).toBeLessThan(2 * ((500 * 1000) / (100 / 4)));
});
