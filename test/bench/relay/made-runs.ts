import type { Run } from '../../../bench/relay/results.ts';

/** A run of 1,000 packets that cost 1 µs each, of which none was lost, unless told otherwise. */
export function madeRun(contestant: string, changes: Partial<Run> & { costUs?: number } = {}): Run {
  const { costUs = 1, ...rest } = changes;
  return {
    round: 0,
    contestant,
    rate: 40_000,
    burst: 1,
    seconds: 1,
    offered: 40_000,
    sent: 1_000,
    lost: 0,
    arrivals: 1_000,
    cpuNs: costUs * 1_000_000,
    waitedNs: 0,
    p50Us: 10,
    p99Us: 20,
    maxUs: 30,
    misrouted: 0,
    receiverDrops: 0,
    slides: 0,
    generatorCpu: 0.5,
    ...rest,
  };
}
