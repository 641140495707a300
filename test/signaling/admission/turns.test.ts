import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { limits } from '../../../src/base/index.ts';
import type { Lane } from '../../../src/signaling/admission/lane.ts';
import { type Turn, Turns, type Visit } from '../../../src/signaling/admission/turns.ts';
import { seededRandom } from '../../support/seeded-random.ts';

const nowMs = 1_000_000;
const visit = (lane: Lane, claim?: number, known = false): Visit => ({ lane, claim, known });

function turnsOf(verificationsMax: number, waitingMax = 1_000): Turns {
  return new Turns({ verificationsMax, waitingMax }, seededRandom(1));
}

function entered(turns: Turns, of: Visit, atMs = nowMs): Turn {
  const turn = turns.enter(of, atMs);
  if ('away' in turn) throw new Error(`sent away: ${turn.away}`);
  return turn;
}

describe('turns', () => {
  it('are as many at once as there are slots, and one more for each that ends', () => {
    const turns = turnsOf(2);
    const [first, second, third] = [1, 2, 3].map((claim) => entered(turns, visit('camera', claim)));
    expect([turns.next(nowMs), turns.next(nowMs), turns.next(nowMs)]).toEqual([first, second, undefined]);
    if (first !== undefined) turns.end(first, nowMs);
    expect(turns.next(nowMs)).toBe(third);
    expect(turns.next(nowMs)).toBeUndefined();
    expect(turns.running).toBe(2);
  });

  it('go to viewers first, within a lane in the order in which they came, and now and then to a camera', () => {
    const turns = turnsOf(100);
    for (let claim = 0; claim < 3; claim++) entered(turns, visit('camera', claim));
    for (let claim = 10; claim < 18; claim++) entered(turns, visit('viewer', claim));
    const order = Array.from({ length: 11 }, () => turns.next(nowMs)?.visit.claim);
    expect(limits.viewersBeforeCameraMax).toBe(3);
    expect(order).toEqual([10, 11, 12, 0, 13, 14, 15, 1, 16, 17, 2]);
  });

  it('that wait for somebody else give their slot to another, while they are not too many', () => {
    const turns = turnsOf(1, limits.verificationsLaggingMax + 2);
    for (let claim = 0; claim < limits.verificationsLaggingMax; claim++) {
      entered(turns, visit('viewer', claim));
      const turn = turns.next(nowMs);
      expect(turn !== undefined && turns.lag(turn)).toBe(true);
    }
    expect(turns.mayLag).toBe(false);
    expect([turns.running, turns.lagging]).toEqual([0, limits.verificationsLaggingMax]);
    const last = entered(turns, visit('viewer'));
    expect(turns.next(nowMs)).toBe(last);
    expect(turns.lag(last)).toBe(false);
    expect([turns.running, turns.lagging]).toEqual([1, limits.verificationsLaggingMax]);
    turns.end(last, nowMs);
    expect([turns.running, turns.lagging]).toEqual([0, limits.verificationsLaggingMax]);
  });

  it('are waited for by a bounded number; who is connected may take the last places, and no others', () => {
    const turns = turnsOf(1, 3);
    for (let claim = 0; claim < 3; claim++) entered(turns, visit('viewer', claim));
    expect(turns.enter(visit('viewer', 3), nowMs)).toMatchObject({ away: 'full' });
    expect(turns.enter(visit('viewer', 4, true), nowMs)).toMatchObject({ away: 'full' });
    expect(entered(turns, visit('camera', 5))).toBeDefined();
    turns.next(nowMs);
    // Others were told to come back, so a stranger is behind them; who is connected is not sent away.
    expect(turns.enter(visit('viewer', 6), nowMs)).toMatchObject({ away: 'told' });
    expect(entered(turns, visit('viewer', 7, true))).toBeDefined();
  });

  it('are kept for who comes at the time that was told; who comes before is told the rest of it', () => {
    const turns = turnsOf(1, 1);
    entered(turns, visit('camera', 1));
    const told = turns.enter(visit('camera', 2), nowMs);
    if (!('away' in told)) throw new Error('it was let in');
    turns.next(nowMs);
    const restMs = told.waitMs - limits.rampEarlyMsMax - 1;
    for (let tries = 0; tries < 100; tries++) {
      const early = turns.enter(visit('camera', 2), nowMs + restMs);
      expect(early).toEqual({ away: 'early', waitMs: limits.rampEarlyMsMax + 1 });
    }
    expect(turns.away('lag', visit('camera', 2), nowMs + restMs).waitMs).toBe(limits.rampEarlyMsMax + 1);
    entered(turns, visit('camera', 2), nowMs + told.waitMs);
  });

  it('stay bounded, and all end, whatever happens in whatever order', () => {
    const step = fc.tuple(fc.constantFrom('enter', 'next', 'end', 'lag', 'leave', 'wait'), fc.nat({ max: 40 }));
    fc.assert(
      fc.property(fc.array(step, { maxLength: 300, size: 'max' }), fc.nat(), (steps, seed) => {
        const turns = new Turns({ verificationsMax: 3, waitingMax: 5 }, seededRandom(seed));
        const waiting = new Set<Turn>();
        const working = new Set<Turn>();
        let atMs = nowMs;
        for (const [kind, pick] of steps) {
          const of = (set: Set<Turn>) => [...set][pick % set.size];
          if (kind === 'wait') atMs += pick * 100;
          if (kind === 'enter') {
            const turn = turns.enter(visit(pick % 2 === 0 ? 'viewer' : 'camera', pick, pick % 3 === 0), atMs);
            if ('away' in turn) expect(turn.waitMs).toBeLessThanOrEqual(limits.rampMsMax);
            else waiting.add(turn);
          }
          const turn = kind === 'next' ? turns.next(atMs) : of(kind === 'leave' ? waiting : working);
          if (turn === undefined) continue;
          if (kind === 'next') {
            expect(waiting.delete(turn)).toBe(true);
            working.add(turn);
          }
          if (kind === 'lag') turns.lag(turn);
          if (kind === 'end' || kind === 'leave') {
            turns.end(turn, atMs);
            waiting.delete(turn);
            working.delete(turn);
          }
          expect(turns.waiting('viewer') + turns.waiting('camera')).toBe(waiting.size);
          expect(turns.running + turns.lagging).toBe(working.size);
          expect(turns.running).toBeLessThanOrEqual(3);
        }
        for (const turn of [...waiting, ...working]) turns.end(turn, atMs);
        expect([turns.running, turns.lagging, turns.waiting('viewer'), turns.waiting('camera')]).toEqual([0, 0, 0, 0]);
        expect(turns.next(atMs)).toBeUndefined();
      }),
    );
  });
});
