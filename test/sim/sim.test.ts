import { availableParallelism } from 'node:os';
import { beforeAll, describe, expect, it } from 'vitest';
import { faultClasses, planOf } from './plan.ts';
import { run } from './run.ts';
import { shrink } from './shrink.ts';
import { runSeeds, type Totals } from './threads.ts';

const seeds = 2_500;

describe(`the worlds of ${seeds} seeds`, () => {
  let totals: Totals;

  beforeAll(async () => {
    totals = await runSeeds({ from: 1, count: seeds, threads: Math.min(2, availableParallelism()) });
  }, 600_000);

  it('let nothing out to whom no live pair names, leave no request without its one answer, and leave nothing behind', () => {
    const wrong = totals.violations.map(({ seed, violation, history }) =>
      [`seed ${seed}: ${violation}`, ...history, `npm run sim -- --seed ${seed}`].join('\n'),
    );
    expect(wrong).toEqual([]);
    expect(totals.seeds).toBe(seeds);
  });

  it('see every class of faults strike', () => {
    expect(faultClasses.filter((fault) => !totals.counts.has(fault))).toEqual([]);
  });

  it('see live views open in every way, media flow, and every alarm of ownership', () => {
    const wanted = [
      ...['opened offer', 'opened onvif', 'opened whep', 'media', 'strays'],
      ...['alarm cache-mac', 'alarm cache-crossed', 'alarm source-crossed', 'alarm source-malformed'],
    ];
    expect(wanted.filter((what) => (totals.counts.get(what) ?? 0) === 0)).toEqual([]);
  });

  it('see relays share answers over a store that lies, notice it, leave it out and take it back', () => {
    const wanted = [
      ...['hit', 'miss', 'outdated', 'alarm', 'unavailable', 'left-out', 'taken-back', 'late', 'lost'].map(
        (what) => `shared cache ${what}`,
      ),
      ...['alarm shared-seal', 'alarm shared-crossed', 'alarm shared-stale', 'alarm shared-foreign'],
    ];
    expect(wanted.filter((what) => !totals.counts.has(what))).toEqual([]);
  });

  it('see event loops that are late, and addresses from which too much comes, send away who has to go', () => {
    const lanes = ['camera', 'viewer'];
    const wanted = lanes.flatMap((lane) =>
      ['lag', 'attempts', 'failures'].map((reason) => `not admitted ${lane} ${reason}`),
    );
    expect([...wanted, 'busy', 'strangers'].filter((what) => !totals.counts.has(what))).toEqual([]);
  });

  it('see live views move, grants proven again, tickets shown, and those sent away that there is no room for', () => {
    const wanted = [
      ...[
        'moved',
        'reproved holds',
        'reproved ended',
        'reproved unanswered',
        'tickets shown',
        'refused ticket-invalid http',
      ],
      ...['not admitted camera full', 'not admitted camera registrations'],
      ...['ended on record', 'not on record', 'refused on record'],
    ];
    expect(wanted.filter((what) => !totals.counts.has(what))).toEqual([]);
  });

  it('see live views end in every way that a relay without threads has', () => {
    const reasons = [
      ...['viewer-left', 'camera-left', 'camera-replaced', 'media-silent'],
      ...['setup-failed', 'expired', 'revoked', 'relay-stopping', 'camera-restarted', 'time-limit'],
      ...['signed-out', 'camera-signed-out', 'quarantined', 'switched-off'],
    ];
    expect(reasons.filter((reason) => !totals.counts.has(`ended ${reason}`))).toEqual([]);
  });
});

describe('a seed', () => {
  it.each([3, 9, 16, 370, 774])('gives the same world each time (%i)', async (seed) => {
    const first = await run(seed, { records: true });

    const second = await run(seed, { records: true });

    expect(second.history).toEqual(first.history);
    expect(second.steps).toBe(first.steps);
    expect(first.history.length).toBeGreaterThan(10);
  });
});

describe('a plan that goes wrong', () => {
  it('shrinks to what it goes wrong with', async () => {
    const plan = { ...planOf(4), faults: [...faultClasses] };
    const culprits = [plan.actions[2], plan.actions[7]];

    const least = await shrink(plan, async ({ actions, faults }) => {
      return culprits.every((culprit) => actions.some((action) => action === culprit)) && faults.includes('loss');
    });

    expect(least.actions).toEqual(culprits);
    expect(least.faults).toEqual(['loss']);
  });
});
