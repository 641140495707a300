import { describe, expect, it } from 'vitest';
import { Credentials, newAdminToken, readCredentials } from '../../src/admin/credentials.ts';
import { limits, systemRandom } from '../../src/base/index.ts';

const token = (character: string, length: number = limits.adminCredentialCharactersMin) => character.repeat(length);
const header = (text: string) => `Bearer ${text}`;

describe('a file of credentials', () => {
  it('names whoever has one', () => {
    const credentials = new Credentials(
      readCredentials(
        `# the day\n\nalice:${token('a')}\r\n  bob.b@x : ${token('b')}\nalice:${token('c')}\n`.replace(' : ', ':'),
      ),
    );
    const names = ['a', 'b', 'c', 'd'].map((each) => credentials.nameOf(header(token(each))));
    expect(names).toEqual(['alice', 'bob.b@x', 'alice', undefined]);
  });

  it('takes tokens and names at their bounds', () => {
    const name = 'n'.repeat(limits.adminCredentialNameCharactersMax);
    const longest = token('x', limits.adminCredentialCharactersMax);
    const many = Array.from({ length: limits.adminCredentialsMax }, (_, at) => `a:${`${at}`.padEnd(32, 'x')}`);
    expect(readCredentials(`${name}:${longest}`)).toMatchObject([{ name }]);
    expect(readCredentials(many.join('\n'))).toHaveLength(limits.adminCredentialsMax);
    expect(() => readCredentials([...many, `a:${token('z')}`].join('\n'))).toThrow(/more than/);
  });

  it.each([
    ['nothing', '', /names nobody/],
    ['comments alone', '# a\n', /names nobody/],
    ['a token alone', token('a'), /line 1 is not name:token/],
    ['no name', `:${token('a')}`, /line 1 is not/],
    ['a name that is too long', `${'n'.repeat(65)}:${token('a')}`, /line 1 is not/],
    ['a name with a space', `a b:${token('a')}`, /line 1 is not/],
    ['a token that is too short', `a:${token('a', 31)}`, /token of line 1/],
    ['a token that is too long', `a:${token('a', 257)}`, /token of line 1/],
    ['a token with a space', `a:${token('a')} b`, /token of line 1/],
    ['the same token twice', `a:${token('a')}\nb:${token('a')}`, /line 2 has the token of another/],
  ])('is refused with %s', (_, text, message) => {
    expect(() => readCredentials(text)).toThrow(message);
  });

  it('is never quoted', () => {
    expect(() => readCredentials(`a:${token('s', 31)}`)).not.toThrow(/sss/);
    expect(JSON.stringify(readCredentials(`a:${token('s')}`))).not.toContain('sss');
  });
});

describe('a header', () => {
  const credentials = new Credentials(readCredentials(`alice:${token('a')}`));

  it.each([
    ['the scheme in any case', `bEARER ${token('a')}`, 'alice'],
    ['no header', undefined, null],
    ['another scheme', `Basic ${token('a')}`, undefined],
    ['no token', 'Bearer ', undefined],
    ['two tokens', `Bearer ${token('a')} ${token('a')}`, undefined],
    ['a prefix of the token', header(token('a', 31)), undefined],
    ['the token and more', header(token('a', 33)), undefined],
    ['the name before it', header(`alice:${token('a')}`), undefined],
  ])('is read with %s', (_, authorization, name) => {
    expect(credentials.nameOf(authorization)).toBe(name);
  });

  it('forgets those that were replaced', () => {
    credentials.replace(readCredentials(`bob:${token('b')}`));
    expect([credentials.nameOf(header(token('a'))), credentials.nameOf(header(token('b')))]).toEqual([
      undefined,
      'bob',
    ]);
  });
});

it('makes tokens that it would take, each another', () => {
  const made = [newAdminToken(systemRandom), newAdminToken(systemRandom)];
  expect(new Set(made).size).toBe(2);
  expect(() => readCredentials(made.map((each, at) => `n${at}:${each}`).join('\n'))).not.toThrow();
});
