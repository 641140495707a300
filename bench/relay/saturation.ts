import { lossOf, type Step } from './results.ts';

const lossMax = 0.001;
const firstRate = 80_000;
const probesMax = 12;
const precision = 1.15;
/** A generator that manages less than this of what it was asked is at its own end. */
const offeredMin = 0.95;

/**
 * Searches the highest rate with less than 0.1 % loss, within 15 %: upwards by half until packets are lost, then between. A
 * probe that loses, or for which the generator was too slow, is taken again, since a machine that does other things stumbles now and then.
 */
export async function saturationOf(
  probe: (rate: number) => Promise<Step>,
): Promise<{ rate: number; of: 'relay' | 'generator' }> {
  let [good, bad, rate] = [0, Number.POSITIVE_INFINITY, firstRate];
  for (let probes = 0; probes < probesMax; probes++) {
    let step = await probe(rate);
    if (lossOf(step) >= lossMax || step.offered < rate * offeredMin) step = await probe(rate);
    const carried = lossOf(step) < lossMax;
    if (step.offered < rate * offeredMin && carried) {
      return { rate: Math.max(good, Math.round(step.offered)), of: 'generator' };
    }
    if (carried) good = rate;
    else bad = rate;
    if (bad / good <= precision) break;
    rate = Math.round(nextRate(good, bad));
  }
  return { rate: good, of: 'relay' };
}

function nextRate(good: number, bad: number): number {
  if (bad === Number.POSITIVE_INFINITY) return good * 1.5;
  return good === 0 ? bad / 2 : Math.sqrt(good * bad);
}
