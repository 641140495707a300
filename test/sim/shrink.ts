import type { Plan } from './plan.ts';

const runsMax = 500;

/**
 * Takes out of a plan whatever it goes wrong without: actions in ever smaller pieces, then classes of faults, then time. Ends after
 * 500 tries with the smallest that was found.
 */
export async function shrink(plan: Plan, goesWrong: (smaller: Plan) => Promise<boolean>): Promise<Plan> {
  let smallest = plan;
  let runs = 0;
  const attempt = async (smaller: Plan) => {
    if (runs++ >= runsMax || !(await goesWrong(smaller))) return false;
    smallest = smaller;
    return true;
  };
  for (let before: Plan | undefined; before !== smallest && runs < runsMax; ) {
    before = smallest;
    await lessOf('actions');
    await lessOf('faults');
    await attempt({ ...smallest, nodes: 1 });
    await attempt({ ...smallest, shares: false });
    const last = smallest.actions.at(-1)?.atMs ?? 0;
    if (last + 1_000 < smallest.durationMs) await attempt({ ...smallest, durationMs: last + 1_000 });
    if (smallest.nodes === 1 && before.nodes === 1 && isSameSize(before, smallest)) break;
  }
  return smallest;

  async function lessOf(what: 'actions' | 'faults'): Promise<void> {
    for (let size = Math.ceil(smallest[what].length / 2); size >= 1; size = size === 1 ? 0 : Math.ceil(size / 2)) {
      for (let at = 0; at < smallest[what].length; ) {
        const rest = [...smallest[what].slice(0, at), ...smallest[what].slice(at + size)];
        if (!(await attempt({ ...smallest, [what]: rest }))) at += size;
      }
    }
  }
}

function isSameSize(a: Plan, b: Plan): boolean {
  return a.actions.length === b.actions.length && a.faults.length === b.faults.length;
}
