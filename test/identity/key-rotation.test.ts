import { beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { limits } from '../../src/base/index.ts';
import { createIdentity, type Identity } from '../../src/identity/index.ts';
import { codeOf } from '../support/codes.ts';
import { ManualClock } from '../support/manual-clock.ts';
import {
  audiences,
  claimsAt,
  keySetResponse,
  signed,
  type TestKey,
  testIssuer,
  testKey,
} from '../support/test-issuer.ts';

let old: TestKey;
let young: TestKey;
let clock: ManualClock;
let told: string[];
/** What the issuer answers to the next fetches, and how often it was asked. */
let answer: (url: string, init: RequestInit) => Promise<Response>;
let fetches: number;
let identity: Identity;

beforeAll(async () => {
  [old, young] = await Promise.all([testKey('EdDSA', 'old'), testKey('EdDSA', 'young')]);
});

beforeEach(async () => {
  clock = new ManualClock();
  told = [];
  fetches = 0;
  answer = async () => keySetResponse(old);
  const fetcher = (url: unknown, init: unknown) => {
    fetches += 1;
    return answer(String(url), init as RequestInit);
  };
  identity = await createIdentity(
    {
      audiences,
      algorithms: ['EdDSA', 'RS256'],
      clockToleranceSeconds: 0,
      tokenLifetimeSecondsMax: 3_600,
      issuers: [testIssuer],
    },
    { clock, fetch: fetcher as typeof fetch },
    { keySet: (outcome) => told.push(outcome), keyIgnored: (fault) => told.push(fault) },
  );
});

async function codeFor(key: TestKey, header: Record<string, unknown> = {}) {
  return await codeOf(identity.verify(await signed(key, claimsAt(clock), header)));
}

describe('a key set', () => {
  it('is fetched when it is first needed, from where the settings say', async () => {
    let asked: [string, RequestInit] | undefined;
    answer = async (...call) => {
      asked = call;
      return keySetResponse(old);
    };
    expect(fetches).toBe(0);
    expect(await codeFor(old)).toBe('done');
    expect(asked?.[0]).toBe(testIssuer.keys.jwksUrl);
    expect(asked?.[1]).toMatchObject({ redirect: 'error', headers: { accept: expect.stringContaining('json') } });
    expect(told).toEqual(['taken']);
  });

  it('is remembered until it has aged', async () => {
    await codeFor(old);
    clock.advance(limits.keySetFreshMsMax - 1);
    await codeFor(old);
    expect(fetches).toBe(1);
    clock.advance(1);
    await codeFor(old);
    expect(fetches).toBe(2);
  });

  it('is fetched again after the clock was set back', async () => {
    await codeFor(old);
    clock.advance(-86_400_000);
    await codeFor(old);
    expect(fetches).toBe(2);
    await codeFor(old);
    expect(fetches).toBe(2);
  });

  it('is fetched once for all who wait', async () => {
    const held = Promise.withResolvers<Response>();
    answer = () => held.promise;
    const tokens = await Promise.all([1, 2, 3].map(() => signed(old, claimsAt(clock))));
    const codes = Promise.all(tokens.map((token) => codeOf(identity.verify(token))));
    held.resolve(keySetResponse(old));
    expect(await codes).toEqual(['done', 'done', 'done']);
    expect(fetches).toBe(1);
  });

  it('tells of the keys that it leaves aside', async () => {
    answer = async () => keySetResponse({ kty: 'oct', k: 'c2VjcmV0' }, old);
    await codeFor(old);
    expect(told).toEqual(['symmetric', 'taken']);
  });

  it('that was taken back is no longer trusted once the old one has aged', async () => {
    await codeFor(old);
    answer = async () => keySetResponse(young);
    clock.advance(limits.keySetFreshMsMax);
    expect(await codeFor(old)).toBe('token-signature');
    expect(await codeFor(young)).toBe('done');
  });
});

describe('a key set of the largest size', () => {
  it('is taken', async () => {
    const text = await keySetResponse(old).text();
    answer = async () => new Response(text + ' '.repeat(limits.keySetBytesMax - text.length));
    expect(await codeFor(old)).toBe('done');
  });
});

describe('a key that the set does not have', () => {
  it('is fetched, and its token taken', async () => {
    await codeFor(old);
    answer = async () => keySetResponse(old, young);
    clock.advance(limits.keySetRefetchMsMin);
    expect(await codeFor(young)).toBe('done');
    expect(fetches).toBe(2);
  });

  it('is fetched at most once in a while, however many ask', async () => {
    await codeFor(old);
    clock.advance(limits.keySetRefetchMsMin - 1);
    expect(await codeFor(young)).toBe('token-signature');
    expect(fetches).toBe(1);
    clock.advance(1);
    for (let round = 0; round < 5; round++)
      expect(await codeFor(young, { kid: `made-up-${round}` })).toBe('token-signature');
    expect(fetches).toBe(2);
  });

  it('keeps nobody waiting whose key is known', async () => {
    await codeFor(old);
    clock.advance(limits.keySetRefetchMsMin);
    const held = Promise.withResolvers<Response>();
    answer = () => held.promise;
    const waiting = codeFor(young);
    expect(await codeFor(old)).toBe('done');
    held.resolve(keySetResponse(young));
    expect(await waiting).toBe('done');
  });

  it('may be there, for all that is known while the newer set cannot be had', async () => {
    await codeFor(old);
    clock.advance(limits.keySetRefetchMsMin);
    answer = async () => new Response('', { status: 500 });
    expect(await codeFor(young)).toBe('keys-unavailable');
    clock.advance(limits.keySetRefetchMsMin);
    answer = async () => keySetResponse(old);
    expect(await codeFor(young)).toBe('token-signature');
  });
});

describe('a key set that cannot be had', () => {
  const faults: [string, () => Promise<Response>][] = [
    ['no answer', async () => Promise.reject(new TypeError('fetch failed'))],
    ['an error', async () => new Response('{}', { status: 503 })],
    ['an error with keys in it', async () => new Response(await keySetResponse(young).text(), { status: 404 })],
    ['no content', async () => new Response(null, { status: 200 })],
    ['no JSON', async () => new Response('<html>')],
    ['no keys', async () => keySetResponse()],
    ['only shared secrets', async () => keySetResponse({ kty: 'oct', k: 'c2VjcmV0' })],
    ['too much', async () => new Response(`${await keySetResponse(young).text()}${' '.repeat(limits.keySetBytesMax)}`)],
  ];

  it.each(faults)('at the start, for %s, leaves nobody trusted', async (_, fault) => {
    answer = fault;
    expect(await codeFor(old)).toBe('keys-unavailable');
    expect(told.at(-1)).toBe('failed');
    const error = await identity.verify(await signed(old, claimsAt(clock))).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({
      detail: expect.stringMatching(/^(?:TypeError: fetch failed|status \d+|key set: .+)$/),
    });
    expect(error).toMatchObject({ cause: expect.any(Error) });
  });

  it.each(faults)('later, for %s, leaves the old one in use', async (_, fault) => {
    await codeFor(old);
    answer = fault;
    clock.advance(limits.keySetFreshMsMax);
    expect(await codeFor(old)).toBe('done');
    expect(fetches).toBe(2);
    expect(told.at(-1)).toBe('failed');
  });

  it('is not asked for again at once', async () => {
    answer = async () => new Response('', { status: 500 });
    expect(await codeFor(old)).toBe('keys-unavailable');
    clock.advance(limits.keySetRefetchMsMin - 1);
    answer = async () => keySetResponse(old);
    expect(await codeFor(old)).toBe('keys-unavailable');
    clock.advance(1);
    expect(await codeFor(old)).toBe('done');
  });

  it('is given up after a while, and its request with it', async () => {
    const asked = Promise.withResolvers<AbortSignal | null | undefined>();
    answer = (_, init) => {
      asked.resolve(init.signal);
      return new Promise(() => {});
    };
    const code = codeFor(old);
    const signal = await asked.promise;
    clock.advance(limits.keySetFetchMsMax - 1);
    expect(signal?.aborted).toBe(false);
    clock.advance(1);
    expect(signal?.aborted).toBe(true);
    expect(await code).toBe('keys-unavailable');
  });

  it('is given up while its body dribbles in', async () => {
    const reading = Promise.withResolvers<void>();
    const body = new ReadableStream({ pull: () => reading.resolve() }, { highWaterMark: 0 });
    answer = async () => new Response(body);
    const code = codeFor(old);
    await reading.promise;
    clock.advance(limits.keySetFetchMsMax);
    expect(await code).toBe('keys-unavailable');
  });

  it('is read no further than a key set may be long', async () => {
    let pulled = 0;
    const body = new ReadableStream({
      pull(controller) {
        pulled += 1;
        controller.enqueue(new Uint8Array(64 * 1024).fill(0x20));
      },
    });
    answer = async () => new Response(body);
    expect(await codeFor(old)).toBe('keys-unavailable');
    expect(pulled).toBeLessThan(10);
  });
});
