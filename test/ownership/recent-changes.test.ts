import { describe, expect, it } from 'vitest';
import { limits } from '../../src/base/index.ts';
import { RecentChanges } from '../../src/ownership/recent-changes.ts';
import { questionOf } from './support/scripted-source.ts';

const own = questionOf('alice', 'cam1');
const others = questionOf('ben', 'cam2');

describe('the own change of a pair', () => {
  it('is none where nothing, everything, or only others changed', () => {
    const changes = new RecentChanges();
    expect(changes.ownMs(own, 0)).toBeUndefined();
    for (const each of ['everything' as const, others, questionOf('alice', 'cam2'), questionOf('ben', 'cam1')]) {
      changes.add(each, 1);
    }
    expect(changes.ownMs(own, 0)).toBeUndefined();
    expect(changes.era).toBe(4);
  });

  it('is the first of those that came after its question', () => {
    const changes = new RecentChanges();
    changes.add(own, 10);
    const asked = changes.era;
    expect([changes.ownMs(own, 0), changes.ownMs(own, asked)]).toEqual([10, undefined]);
    changes.add(others, 20);
    changes.add(own, 30);
    changes.add(own, 40);
    expect([changes.ownMs(own, asked), changes.ownMs(own, changes.era)]).toEqual([30, undefined]);
  });

  it('is found among as many as are remembered, and what is forgotten is taken to be one', () => {
    const changes = new RecentChanges();
    changes.add(own, 1);
    for (let more = 1; more < limits.changesRememberedMax; more++) changes.add(others, 1 + more);
    expect([changes.ownMs(own, 0), changes.ownMs(questionOf('carol', 'cam3'), 0)]).toEqual([1, undefined]);
    changes.add(others, 5_000);
    expect([changes.ownMs(own, 0), changes.ownMs(questionOf('carol', 'cam3'), 0)]).toEqual([2, 2]);
    expect(changes.ownMs(own, 1)).toBeUndefined();
  });
});
