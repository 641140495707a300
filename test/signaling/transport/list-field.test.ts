import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { hasMember } from '../../../src/signaling/transport/list-field.ts';

describe('a header that is a list', () => {
  it.each([
    ['upgrade', 'upgrade', true],
    ['keep-alive, upgrade', 'upgrade', true],
    ['keep-alive ,\tupgrade , x', 'upgrade', true],
    ['upgrades', 'upgrade', false],
    ['an-upgrade', 'upgrade', false],
    ['up grade', 'upgrade', false],
    ['Upgrade', 'upgrade', false],
    ['', 'upgrade', false],
    [',', 'upgrade', false],
  ])('%j has the member %j: %s', (list, member, has) => {
    expect(hasMember(list, member)).toBe(has);
  });

  it('has the very members that it has when it is taken apart', () => {
    const text = fc.array(fc.constantFrom('a', 'ab', 'b', ',', ' ', '\t', '\u00a0', ', '), { maxLength: 8 });
    fc.assert(
      fc.property(text, text, (one, other) => {
        const [list, member] = [one.join(''), other.join('')];
        const apart = list.split(',').map((each) => each.trim());
        expect(hasMember(list, member)).toBe(apart.includes(member));
      }),
    );
  });
});
