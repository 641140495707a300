import { describe, expect, test } from 'vitest';
import { signInLink } from '../../src/web/client/page/account.ts';
import { personOf } from '../../src/web/client/relay-channels.ts';

describe('a sign-in link', () => {
  test('names a person or carries a token', () => {
    expect(signInLink('#as=alice')).toEqual({ as: 'alice' });
    expect(signInLink('#token=a.b-_c.d')).toEqual({ token: 'a.b-_c.d' });
  });

  test('is none when it says nothing', () => {
    for (const hash of ['', '#', '#as=', '#token=', '#main', '#other=1']) expect(signInLink(hash)).toBeUndefined();
  });
});

describe('the person of a token', () => {
  const token = (claims: object) => `e30.${Buffer.from(JSON.stringify(claims)).toString('base64url')}.c2ln`;

  test('is its issuer’s subject, so that fresh tokens share a connection', () => {
    expect(personOf(token({ iss: 'i', sub: 'alice', iat: 1 }))).toBe(
      personOf(token({ iss: 'i', sub: 'alice', iat: 2 })),
    );
  });

  test('is another for another subject, or for the same name at another issuer', () => {
    const alice = personOf(token({ iss: 'i', sub: 'alice' }));
    expect(personOf(token({ iss: 'i', sub: 'ben' }))).not.toBe(alice);
    expect(personOf(token({ iss: 'j', sub: 'alice' }))).not.toBe(alice);
    expect(personOf(token({ iss: 'ial', sub: 'ice' }))).not.toBe(alice);
  });

  test('of what is no token is that text alone', () => {
    for (const text of ['', 'x', 'a.b.c', 'a.!!.c', token({ iss: 'i' })]) expect(personOf(text)).toBe(text);
  });
});
