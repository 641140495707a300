import { describe, expect, it } from 'vitest';
import { coresOf } from '../../../bench/relay/tools.ts';

describe('the cores of the bench', () => {
  it.each([
    ['0-1', [0, 1]],
    ['3', [3]],
    ['0,2-4,7', [0, 2, 3, 4, 7]],
  ])('are read from %s', (list, cores) => {
    expect(coresOf(`Name:\tnode\nCpus_allowed:\tff\nCpus_allowed_list:\t${list}\nMems_allowed:\t1\n`)).toEqual(cores);
  });

  it('are none where the status does not tell', () => {
    expect(coresOf('')).toEqual([]);
  });
});
