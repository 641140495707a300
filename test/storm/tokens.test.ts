import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { LatchkeyError } from '../../src/base/index.ts';
import { firstOf, readTokens } from '../../src/storm/tokens.ts';

const lines = (...entries: object[]) => entries.map((entry) => JSON.stringify(entry)).join('\n');

describe('a file of tokens', () => {
  it('holds cameras, and people with the cameras that they may see', () => {
    const { cameras, viewers } = readTokens(
      lines(
        { device: 'a', token: 't1' },
        { device: 'b', token: 't2' },
        { subject: 'alice', token: 't3', devices: ['b', 'c'] },
      ),
    );
    expect(cameras.map(({ device, token }) => [device, token.reveal()])).toEqual([
      ['a', 't1'],
      ['b', 't2'],
    ]);
    expect(viewers).toMatchObject([{ subject: 'alice', devices: ['b'] }]);
  });

  it('lets people see every camera where it names none', () => {
    expect(
      readTokens(lines({ subject: 'alice', token: 't' }, { device: 'a', token: 't' })).viewers[0]?.devices,
    ).toEqual(['a']);
  });

  it('gives the first of its cameras, and lets nobody watch the others', () => {
    const all = readTokens(
      lines(
        { device: 'a', token: 't' },
        { device: 'b', token: 't' },
        { subject: 'alice', token: 't' },
        { subject: 'ben', token: 't' },
      ),
    );
    const { cameras, viewers } = firstOf(all, 1, 1);
    expect(cameras.map(({ device }) => device)).toEqual(['a']);
    expect(viewers).toMatchObject([{ subject: 'alice', devices: ['a'] }]);
  });

  it.each<[string, string, RegExp]>([
    ['no JSON', '{"device": "secret', /line 1: is not JSON/],
    ['no object', '7', /no token/],
    ['no token', lines({ device: 'a' }), /line 1: has no token/],
    ['a token with a line end in it', lines({ device: 'a', token: 'secret\r\nX: y' }), /no token/],
    ['neither name', lines({ token: 'secret' }), /either a device or a subject/],
    ['both names', lines({ device: 'a', subject: 'b', token: 'secret' }), /either/],
    ['an id that is none', lines({ device: 'a b', token: 'secret' }), /an id that cannot be one/],
    ['devices that are no list', lines({ subject: 'a', token: 'secret', devices: 'b' }), /a list/],
    ['a device twice', lines({ device: 'a', token: 'secret' }, { device: 'a', token: 'secret' }), /two lines/],
  ])('is refused with %s, and not repeated', (_, text, message) => {
    expect(() => readTokens(text)).toThrow(message);
    expect(() => readTokens(text)).not.toThrow(/secret/);
  });

  it('throws nothing but its own error, whatever it holds', () => {
    fc.assert(
      fc.property(fc.array(fc.oneof(fc.json(), fc.string())), (texts) => {
        try {
          readTokens(texts.join('\n'));
        } catch (error) {
          expect(error).toBeInstanceOf(LatchkeyError);
        }
      }),
    );
  });
});
