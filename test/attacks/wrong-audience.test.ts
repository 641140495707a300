// A person with a token of their own who wants to be a camera, the owner of a camera who takes its token out of it to watch
// others, or anyone with a token for another service of the same issuer. The audience holds: it alone says what a token is.
import { beforeAll, expect, it } from 'vitest';
import { deviceId } from '../../src/base/index.ts';
import { type Identity, isVerifiedViewer } from '../../src/identity/index.ts';
import { createPairing } from '../../src/pairing/index.ts';
import { asking } from '../ownership/support/asking.ts';
import { codeOf } from '../support/codes.ts';
import { disguised } from '../support/forgeries.ts';
import { ManualClock } from '../support/manual-clock.ts';
import { audiences, claimsAt, identityOf, signed, type TestKey, testKey } from '../support/test-issuer.ts';

const clock = new ManualClock();
let key: TestKey;
let identity: Identity;

beforeAll(async () => {
  key = await testKey('EdDSA', 'key');
  identity = await identityOf(clock, [key]);
});

const tokenFor = (aud: unknown) => signed(key, claimsAt(clock, { aud, sub: 'cam1' }));

it('a camera’s token shows nobody a camera', async () => {
  expect(await codeOf(identity.verifyViewer(await tokenFor(audiences.camera)))).toBe('token-audience');
  const camera = await identity.verify(await tokenFor(audiences.camera));
  expect(isVerifiedViewer(camera)).toBe(false);
  const { ownership, source } = asking({ clock });
  const pairing = createPairing(ownership, clock);
  await expect(pairing.pair(disguised(camera), deviceId('cam1'))).rejects.toThrow(TypeError);
  await expect(pairing.pairsOf(disguised(camera))).rejects.toThrow(TypeError);
  expect(source.asked).toEqual([]);
});

it('a viewer’s token registers no camera', async () => {
  expect(await codeOf(identity.verifyCamera(await tokenFor(audiences.viewer)))).toBe('token-audience');
});

it('a token for both is for neither', async () => {
  for (const aud of [
    [audiences.viewer, audiences.camera],
    [audiences.camera, 'other', audiences.viewer],
  ]) {
    expect(await codeOf(identity.verify(await tokenFor(aud)))).toBe('token-audience');
  }
});

it.each(['other', '', 'test-viewer2', 'test-viewe', 'TEST-VIEWER', 'test-viewer ', ['other'], []])(
  'a token for %j is for nobody here',
  async (aud) => {
    expect(await codeOf(identity.verify(await tokenFor(aud)))).toBe('token-audience');
  },
);
