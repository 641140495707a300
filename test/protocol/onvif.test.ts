import { describe, expect, it } from 'vitest';
import { limits } from '../../src/base/index.ts';
import {
  authorizationOf,
  connectParams,
  extendParams,
  inviteParams,
  read,
  registerParams,
  registerResult,
  resultText,
  trickleParams,
  writeRegisterResult,
} from '../../src/protocol/index.ts';

function refusal(run: () => unknown): { code: string; detail: string | undefined } {
  try {
    run();
  } catch (thrown) {
    if (thrown instanceof Error && 'code' in thrown && 'detail' in thrown)
      return { code: String(thrown.code), detail: thrown.detail === undefined ? undefined : String(thrown.detail) };
  }
  throw new Error('it was taken');
}

describe('parameters', () => {
  it('of another version keep what is known and lose the rest', () => {
    expect(read(registerParams, { name: 'x', id: 'cam9', capabilities: ['answer'], future: 1 })).toEqual({
      name: 'x',
      capabilities: ['answer'],
    });
  });

  it.each([
    ['no peer', connectParams, {}, 'peer'],
    ['an empty peer', connectParams, { peer: '' }, 'peer'],
    ['a token of another type', connectParams, { peer: 'x', authorization: 1 }, 'authorization'],
    ['an offer past its bound', connectParams, { peer: 'x', offer: 'x'.repeat(limits.sdpBytesMax + 1) }, 'offer'],
    ['no offer', inviteParams, { session: 's' }, 'offer'],
    ['too many capabilities', registerParams, { capabilities: Array(17).fill('x') }, 'capabilities'],
    ['an expiry in the past', extendParams, { session: 's', expiryTimeSeconds: -1 }, 'expiryTimeSeconds'],
    [
      'a candidate past its bound',
      trickleParams,
      { session: 's', candidate: { candidate: 'x'.repeat(1025) } },
      'candidate.candidate',
    ],
    ['nothing at all', connectParams, undefined, undefined],
  ])('with %s are refused, and the member is named without its value', (_, schema, params, member) => {
    expect(refusal(() => read<unknown>(schema, params))).toEqual({ code: 'params-invalid', detail: member });
  });

  it.each([
    ['nothing', null],
    ['empty', ''],
    ['a number', 1],
    ['a list', ['t']],
    ['too long', 'x'.repeat(limits.tokenBytesMax + 1)],
  ])('bring no token that is %s', (_, authorization) => {
    const refused = { code: 'params-invalid', detail: 'authorization' };
    expect(refusal(() => authorizationOf({ authorization }))).toEqual(refused);
  });

  it('bring a token or none', () => {
    expect(authorizationOf({ authorization: 't', name: 1 })).toBe('t');
    expect(authorizationOf({ name: 1 })).toBeUndefined();
    expect(authorizationOf(JSON.parse('{"__proto__":{"authorization":"t"}}'))).toBeUndefined();
  });

  it.each([
    { session: 's' },
    { session: 's', candidate: null },
    { session: 's', candidate: { candidate: '', sdpMid: null } },
  ])('of the last trickle may be any of the ways to say that there are no more: %j', (params) => {
    expect(() => read(trickleParams, params)).not.toThrow();
  });
});

it.each([
  { id: 'cam "9"' },
  { id: 'cam9', ticket: 'lkt1.x', ticketExpiresInSeconds: 60, sessions: ['s1'] },
  { id: 'cam9', ticket: undefined, ticketExpiresInSeconds: undefined, sessions: [] },
])('a register result has the keys that every device gets, and its own: %j', (own) => {
  const grantKeys = { keys: [{ kty: 'OKP', x: 'a' }] };
  const written = JSON.parse(resultText(1, writeRegisterResult(own, JSON.stringify(grantKeys))));
  expect(read(registerResult, written.result)).toEqual({ ...own, grantKeys });
});
