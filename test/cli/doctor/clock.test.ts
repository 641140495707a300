import { describe, expect, it } from 'vitest';
import { clockCheck, kernelSays, ofKernel } from '../../../src/cli/doctor/clock.ts';
import { noteDate } from '../../../src/cli/doctor/patient.ts';
import { ManualClock } from '../../support/manual-clock.ts';
import { patient, said, sentence } from './support/patient.ts';

describe('the check of the clock', () => {
  it('asks the kernel, which answers one way or the other', async () => {
    expect(['yes', 'no', 'untold']).toContain(await kernelSays());
    expect(sentence(ofKernel('yes'))).toMatch(/^ok: /);
    expect(sentence(ofKernel('no'))).toMatch(/^warning: .*timedatectl/);
    expect(sentence(ofKernel('untold'))).toMatch(/^unknown: .*timedatectl/);
  });

  it.each([
    [1_000, /^ok: .* 1 s ahead of/],
    [-10_000, /^warning: .* 10 s behind/],
    [3_600_000, /^problem: .* 3600 s ahead of.*clockToleranceSeconds/],
  ])('an issuer’s clock that is %d ms ahead', async (aheadMs, wanted) => {
    const one = patient();
    one.otherClocks.push({ whose: 'https://id.example', aheadMs });
    expect((await said(clockCheck, one))[1]).toMatch(wanted);
  });

  it('reads what a Date header says', () => {
    const clock = new ManualClock(Date.parse('2026-01-01T00:00:00.500Z'));
    const one = patient({ machine: { clock } });
    noteDate(one, 'a', 'Thu, 01 Jan 2026 00:01:00 GMT');
    noteDate(one, 'b', 'yesterday');
    noteDate(one, 'c', undefined);
    expect(one.otherClocks).toEqual([{ whose: 'a', aheadMs: 60_000 }]);
  });

  it.each([
    [0, /^ok: it goes as fast/],
    [2_000, /^warning: it moved by 2000 ms.*chrony/],
    [-2_000, /^warning: it moved by -2000 ms/],
  ])('a clock that is set by %d ms meanwhile', async (stepMs, wanted) => {
    let nowMs = 1_000_000;
    let steadyMs = 0;
    const clock = {
      now: () => nowMs,
      after(ms: number, run: () => void) {
        nowMs += ms + stepMs;
        steadyMs += ms;
        queueMicrotask(run);
        return { cancel() {} };
      },
    };
    const found = await said(clockCheck, patient({ machine: { clock, steadyMs: () => steadyMs } }));
    expect(found.at(-1)).toMatch(wanted);
  });
});
