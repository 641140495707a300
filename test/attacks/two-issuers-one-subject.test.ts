// Whoever can get an account of a chosen name at any one of the issuers that a relay trusts. Namespaces hold: a subject is an
// issuer's namespace and its own name for somebody, and no two issuers can make the same one.
import { beforeAll, expect, it } from 'vitest';
import { createIdentity, type Identity, type IssuerSettings } from '../../src/identity/index.ts';
import { asking } from '../ownership/support/asking.ts';
import { granting, refusing } from '../ownership/support/scripted-source.ts';
import { codeOf } from '../support/codes.ts';
import { ManualClock } from '../support/manual-clock.ts';
import { audiences, claimsAt, keySetResponse, signed, type TestKey, testKey } from '../support/test-issuer.ts';

const clock = new ManualClock();
const issuers: IssuerSettings[] = ['one', 'two'].map((name) => ({
  issuer: `https://${name}.test`,
  namespace: `${name}:`,
  keys: { jwksUrl: `https://${name}.test/keys` },
}));
const keys = new Map<string, TestKey>();
let identity: Identity;

beforeAll(async () => {
  for (const name of ['one', 'two']) keys.set(`https://${name}.test/keys`, await testKey('EdDSA', 'key'));
  const fetcher = async (url: unknown) => keySetResponse(keyAt(String(url)));
  identity = await createIdentity(
    { audiences, algorithms: ['EdDSA'], clockToleranceSeconds: 0, tokenLifetimeSecondsMax: 3_600, issuers },
    { clock, fetch: fetcher as typeof fetch },
  );
});

function keyAt(url: string): TestKey {
  const key = keys.get(url);
  if (key === undefined) throw new Error('no such key');
  return key;
}

const from = (signer: string, iss: string, more: Record<string, unknown> = {}) =>
  signed(keyAt(`https://${signer}.test/keys`), claimsAt(clock, { iss: `https://${iss}.test`, ...more }));

it('two people of one name are two subjects, and two cameras of one name two devices', async () => {
  const people = [
    await identity.verifyViewer(await from('one', 'one')),
    await identity.verifyViewer(await from('two', 'two')),
  ];
  expect(people.map((viewer) => viewer.subject)).toEqual(['one:alice', 'two:alice']);
  const more = { aud: audiences.camera, sub: 'cam1' };
  const cameras = [
    await identity.verifyCamera(await from('one', 'one', more)),
    await identity.verifyCamera(await from('two', 'two', more)),
  ];
  expect(cameras.map((camera) => camera.device)).toEqual(['one:cam1', 'two:cam1']);
});

it('what is granted to one of them is not granted to the other', async () => {
  const { ownership, codeFor, source } = asking({ clock });
  source.answer = (question) => (question.subject === 'one:alice' ? granting(question) : refusing(question));
  expect([await codeFor('one:alice', 'cam1'), await codeFor('two:alice', 'cam1')]).toEqual(['done', 'not-allowed']);
  await ownership.close();
});

it('no name makes its way into the other issuer’s namespace', async () => {
  for (const sub of ['one:alice', ':one:alice', '../one:alice', 'x|one:alice']) {
    const outcome = await identity.verifyViewer(await from('two', 'two', { sub })).then(
      (viewer) => viewer.subject.startsWith('two:'),
      () => true,
    );
    expect(outcome).toBe(true);
  }
});

it('one issuer’s key signs nothing of the other’s, though both call it the same', async () => {
  expect(await codeOf(identity.verify(await from('two', 'one')))).toBe('token-signature');
  expect(await codeOf(identity.verify(await from('one', 'two')))).toBe('token-signature');
});
