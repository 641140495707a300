import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  type DeviceId,
  deviceId,
  LatchkeyError,
  limits,
  newSessionId,
  sameId,
  subjectId,
} from '../../src/base/index.ts';
import { seededRandom } from '../support/seeded-random.ts';

const kinds = [
  { name: 'a device id', read: deviceId, charactersMax: limits.deviceIdCharactersMax },
  { name: 'a subject id', read: subjectId, charactersMax: limits.subjectIdCharactersMax },
];

function codeOf(read: (text: string) => string, text: unknown): string {
  try {
    return read(text as string);
  } catch (error) {
    return error instanceof LatchkeyError ? error.code : String(error);
  }
}

describe.each(kinds)('$name', ({ name, read, charactersMax }) => {
  it('is taken as it is, up to its bound', () => {
    const longest = 'a'.repeat(charactersMax);
    expect(['a', '0', 'Cam-1.b_2:3@4|5', longest].map((text) => read(text))).toEqual([
      'a',
      '0',
      'Cam-1.b_2:3@4|5',
      longest,
    ]);
  });

  it('is refused past its bound', () => {
    expect(codeOf(read, 'a'.repeat(charactersMax + 1))).toBe('id-invalid');
  });

  it.each(['', ' ', '-a', '.a', '_a', ':a', '@a', '|a', 'a b', 'a/b', 'a\n', '\na', 'a\0', 'ä', 'a%20', '../a', 'a*'])(
    'is refused as %j',
    (text) => {
      expect(codeOf(read, text)).toBe('id-invalid');
    },
  );

  it.each([[undefined], [null], [1], [['a']], [{ toString: () => 'a' }]])(
    'is refused as %j, which is no text',
    (value) => {
      expect(codeOf(read, value)).toBe('id-invalid');
    },
  );

  it('has letters, digits and . _ : @ | - and nothing else, whatever comes', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', minLength: 1, maxLength: 8 }), (text) => {
        const expected = [...text].every((each, at) => /[A-Za-z0-9]/.test(each) || (at > 0 && '._:@|-'.includes(each)));
        expect(codeOf(read, text)).toBe(expected ? text : 'id-invalid');
      }),
    );
  });

  it('is refused with its rule, and is not repeated', () => {
    expect(() => read('secret value')).toThrow(
      `${name.slice(2)} has 1 to ${charactersMax} letters, digits or . _ : @ | -`,
    );
    expect(() => read('secret value')).toThrow(expect.not.stringContaining('secret'));
  });
});

describe('a session id', () => {
  it('has 128 random bits', () => {
    const asked: number[] = [];
    const id = newSessionId({ fraction: () => 0, bytes: (size) => Buffer.alloc(size, asked.push(size)) });
    expect(asked).toEqual([16]);
    expect(Buffer.from(id, 'base64url')).toEqual(Buffer.alloc(16, 1));
  });

  it('is another one each time', () => {
    const random = seededRandom(1);
    expect(new Set(Array.from({ length: 100 }, () => newSessionId(random))).size).toBe(100);
  });
});

describe('ids', () => {
  it('are the same as a whole and never by their beginning', () => {
    const [one, ten] = [deviceId('cam1'), deviceId('cam10')];
    const pairs: [DeviceId, DeviceId][] = [
      [one, one],
      [one, ten],
      [ten, one],
      [one, deviceId('CAM1')],
    ];
    expect(pairs.map(([a, b]) => sameId(a, b))).toEqual([true, false, false, false]);
  });
});
