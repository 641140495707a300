import type { Run } from '../../../bench/storm/results.ts';

/** A run in which everything was as it should be, unless told otherwise. */
export function madeRun(contestant: string, changes: Partial<Run> = {}): Run {
  return {
    round: 0,
    contestant,
    cameras: 15_000,
    usedTickets: contestant === 'latchkey-uws',
    cpuMsPerCamera: 0.5,
    cpuMsPerCameraOfEach: [0.5],
    lossCpuMsPerCamera: 0.025,
    allBackMs: 3_000,
    registrationsPerSecond: 5_000,
    answerP50Ms: 10,
    answerP99Ms: 100,
    answered: 300,
    asked: 300,
    refusals: {},
    peakBytes: 200 * 2 ** 20,
    bytesPerIdleCamera: 6_144,
    missing: 0,
    overflows: 0,
    loadBusy: 0.5,
    crossings: 0,
    ...changes,
  };
}
