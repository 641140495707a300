import { getHeapStatistics } from 'node:v8';

/**
 * How many bytes of V8's heap one of five million calls takes, unless there are others. The first half goes to V8 for its
 * compilers; of the other, it is the median over stretches of calls: a collection that falls into one of them hides what that
 * one took.
 */
export function heapBytesPerCall(
  call: (round: number) => void,
  { stretches, callsPerStretch } = { stretches: 250, callsPerStretch: 20_000 },
): number {
  const grown: number[] = [];
  for (let stretch = 0; stretch < stretches; stretch++) {
    const before = getHeapStatistics().used_heap_size;
    for (let n = 0; n < callsPerStretch; n++) call(stretch * callsPerStretch + n);
    grown.push(getHeapStatistics().used_heap_size - before);
  }
  const settled = grown.slice(stretches / 2).sort((a, b) => a - b);
  return (settled[Math.floor(settled.length / 2)] ?? Number.NaN) / callsPerStretch;
}
