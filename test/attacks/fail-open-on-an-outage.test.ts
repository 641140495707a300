// Anyone patient enough to wait for an outage, or able to cause one. Refusal holds: while nobody can say who owns a camera,
// nobody new watches it, and an old yes is believed no longer than it was meant to be.
import { expect, it } from 'vitest';
import { limits } from '../../src/base/index.ts';
import { createIdentity } from '../../src/identity/index.ts';
import { asking } from '../ownership/support/asking.ts';
import { granting, questionOf } from '../ownership/support/scripted-source.ts';
import { codeOf } from '../support/codes.ts';
import { ManualClock } from '../support/manual-clock.ts';
import { audiences, claimsAt, identityOf, signed, testIssuer, testKey } from '../support/test-issuer.ts';

const outages: [string, () => unknown][] = [
  ['that says so', () => Promise.reject(new Error('down'))],
  [
    'that throws',
    () => {
      throw new TypeError('undefined is not a function');
    },
  ],
  ['that says nothing', () => undefined],
  ['that says true', () => true],
  ['that says yes to nobody', () => ({ role: 'owner' })],
  ['that says an empty text', () => ''],
  ['whose answer is an error page', () => '<html>502</html>'],
];

it.each(outages)('a source %s lets nobody in', async (_, outage) => {
  const { codeFor, devices, source } = asking();
  source.answer = outage;
  source.list = outage;
  expect(await codeFor('alice', 'cam1')).toBe('source-unavailable');
  expect(await codeOf(devices('alice'))).toBe('source-unavailable');
});

it('a source that hangs lets nobody in, and keeps nobody waiting', async () => {
  const { codeFor, source, clock } = asking();
  source.answer = () => new Promise(() => {});
  const code = codeFor('alice', 'cam1');
  clock.advance(limits.ownershipAnswerMsMax);
  expect(await code).toBe('source-unavailable');
});

it('a yes from before the outage ends at its time, and the outage does not renew it', async () => {
  const { codeFor, source, clock } = asking();
  expect(await codeFor('alice', 'cam1')).toBe('done');
  source.answer = () => Promise.reject(new Error('down'));
  for (const waitMs of [2_500, 2_499]) {
    clock.advance(waitMs);
    expect(await codeFor('alice', 'cam1')).toBe('done');
    expect(await codeFor('ben', 'cam1')).toBe('source-unavailable');
  }
  clock.advance(1);
  expect(await codeFor('alice', 'cam1')).toBe('source-unavailable');
});

it('the outage leaves nothing behind that would answer once it is over', async () => {
  const { codeFor, source } = asking();
  source.answer = () => Promise.reject(new Error('down'));
  await codeFor('alice', 'cam1');
  source.answer = () => ({ ...granting(questionOf('alice', 'cam1')), role: undefined });
  expect(await codeFor('alice', 'cam1')).toBe('not-allowed');
});

it('an issuer whose keys cannot be had vouches for nobody', async () => {
  const clock = new ManualClock();
  const key = await testKey('EdDSA', 'key');
  const token = await signed(key, claimsAt(clock));
  expect(await codeOf((await identityOf(clock, [key])).verify(token))).toBe('done');
  for (const response of [
    () => Promise.reject(new TypeError('fetch failed')),
    async () => new Response('{"keys":[]}'),
  ]) {
    const rules = {
      audiences,
      algorithms: ['EdDSA' as const],
      clockToleranceSeconds: 0,
      tokenLifetimeSecondsMax: 3_600,
    };
    const identity = await createIdentity({ ...rules, issuers: [testIssuer] }, { clock, fetch: response });
    expect(await codeOf(identity.verify(token))).toBe('keys-unavailable');
  }
});
