import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { joinFields, splitFields } from '../../src/ownership/fields.ts';

describe('joined fields', () => {
  it('are told apart however alike they look', () => {
    expect(joinFields(['a', 'bc'])).not.toBe(joinFields(['ab', 'c']));
    expect(joinFields(['a', 'bc'])).toBe('1:a2:bc');
    expect(joinFields(['1:a'])).not.toBe(joinFields(['', 'a']));
    expect(joinFields([])).not.toBe(joinFields(['']));
  });

  it('come apart as they were', () => {
    fc.assert(
      fc.property(fc.array(fc.string()), (fields) => {
        expect(splitFields(joinFields(fields))).toEqual(fields);
      }),
    );
  });

  it('are the same only when every field is', () => {
    const digits = fc.array(fc.string({ unit: fc.constantFrom('0', '1', '2', ':', 'a') }), { maxLength: 4 });
    fc.assert(
      fc.property(digits, digits, (a, b) => {
        expect(joinFields(a) === joinFields(b)).toBe(JSON.stringify(a) === JSON.stringify(b));
      }),
    );
  });
});

describe('a text that was not joined', () => {
  it.each(['a', ':', '1', '1:', '2:a', '1:ab', '-1:', '01:a', '1.0:a', ' 1:a', '1e0:a', '0x1:a', ':a', '1:a:', 'NaN:'])(
    '%j does not come apart',
    (text) => {
      expect(splitFields(text)).toBeUndefined();
    },
  );

  it('comes apart in no second way', () => {
    const likely = fc.string({ unit: fc.constantFrom('0', '1', '2', ':', 'a', '-', ' ') });
    fc.assert(
      fc.property(likely, (text) => {
        const fields = splitFields(text);
        if (fields !== undefined) expect(joinFields(fields)).toBe(text);
      }),
    );
  });
});
