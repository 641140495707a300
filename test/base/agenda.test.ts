import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Agenda, limits, type Scheduled } from '../../src/base/index.ts';
import { ManualClock } from '../support/manual-clock.ts';

/** Wants to be asked at one time, and goes on the agenda again until then. */
class Member implements Scheduled {
  readonly askedMs: number[] = [];
  metMs: number | undefined;
  readonly #agenda: Agenda;
  readonly #clock: ManualClock;
  readonly #atMs: number;

  constructor(agenda: Agenda, clock: ManualClock, restMs: number) {
    this.#agenda = agenda;
    this.#clock = clock;
    this.#atMs = clock.now() + restMs;
    agenda.put(this, restMs);
  }

  due(): void {
    const nowMs = this.#clock.now();
    this.askedMs.push(nowMs);
    if (nowMs < this.#atMs) this.#agenda.put(this, this.#atMs - nowMs);
    else this.metMs = nowMs - this.#atMs;
  }
}

describe('an agenda', () => {
  it('asks each at its own time, to the millisecond, and now and then before it', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 10 ** 8 }), { minLength: 1, maxLength: 50 }), (rests) => {
        const clock = new ManualClock();
        const agenda = new Agenda(clock);
        const members = rests.map((restMs) => new Member(agenda, clock, restMs));
        clock.advance(10 ** 8 + 1);
        for (const [index, member] of members.entries()) {
          // What is due now is asked in the next millisecond.
          expect(member.metMs).toBe(rests[index] === 0 ? 1 : 0);
          expect(member.askedMs.length).toBeLessThanOrEqual(27);
        }
        expect(clock.pending).toBe(0);
      }),
      { numRuns: 50 },
    );
  });

  it('waits no longer than a timer can', () => {
    const clock = new ManualClock();
    const agenda = new Agenda(clock);
    const member = new Member(agenda, clock, 10 * limits.timerMsMax);
    clock.advance(limits.timerMsMax);
    expect(member.askedMs).toHaveLength(1);
  });

  it('has one timer for all that wait equally long', () => {
    const clock = new ManualClock();
    const agenda = new Agenda(clock);
    for (let index = 0; index < 1_000; index++) new Member(agenda, clock, 5_000 + index);
    expect(clock.pending).toBe(1);
  });

  it('asks nobody who was taken off, and holds no timer when nobody is left', () => {
    const clock = new ManualClock();
    const agenda = new Agenda(clock);
    const asked: string[] = [];
    const [one, other] = ['one', 'other'].map((name) => ({ due: () => void asked.push(name) })) as [
      Scheduled,
      Scheduled,
    ];
    const wait = agenda.put(one, 64);
    agenda.put(other, 64);
    wait.takeOff(one);
    clock.advance(64);
    expect(asked).toEqual(['other']);
    agenda.put(one, 64).takeOff(one);
    expect(clock.pending).toBe(0);
  });

  it('asks so many in one turn, and the next ones in the next', () => {
    const clock = new ManualClock();
    const agenda = new Agenda(clock);
    let asked = 0;
    for (let index = 0; index < 2 * limits.agendaPerTurnMax + 1; index++) agenda.put({ due: () => void asked++ }, 64);
    const turns: number[] = [];
    const { after } = clock;
    clock.after = (delayMs, run) =>
      after.call(clock, delayMs, () => {
        run();
        turns.push(asked);
      });
    clock.advance(64);
    expect(asked).toBe(2 * limits.agendaPerTurnMax + 1);
    expect(turns).toEqual([2 * limits.agendaPerTurnMax, 2 * limits.agendaPerTurnMax + 1]);
  });

  it('asks nobody late because somebody came before the clock was set back', () => {
    const clock = new ManualClock();
    const agenda = new Agenda(clock);
    new Member(agenda, clock, 16_384);
    clock.setBack(10_000);
    const member = new Member(agenda, clock, 16_384);
    clock.advance(16_384);
    expect(member.metMs).toBe(0);
  });

  it('asks at once who waits for a time that a clock set back has put out of reach', () => {
    const clock = new ManualClock();
    const agenda = new Agenda(clock);
    let asked = 0;
    agenda.put({ due: () => void asked++ }, 64);
    clock.setBack(3_600_000);
    clock.advance(64);
    expect(asked).toBe(1);
  });
});
