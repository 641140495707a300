import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { limits } from '../../src/base/index.ts';
import { readDevices } from '../../src/identity/devices-claim.ts';
import { devicesClaim } from '../../src/identity/index.ts';
import { codeOf } from '../support/codes.ts';
import { ManualClock } from '../support/manual-clock.ts';
import { audiences, claimsAt, identityOf, signed, testKey } from '../support/test-issuer.ts';

const clock = new ManualClock();
const key = await testKey('EdDSA', 'key');
const identity = await identityOf(clock, [key]);

async function devicesOf(claim: unknown): Promise<readonly string[]> {
  const more = claim === undefined ? {} : { [devicesClaim]: claim };
  return (await identity.verifyViewer(await signed(key, claimsAt(clock, more)))).devices;
}

const ids = (count: number) => Array.from({ length: count }, (_, n) => `cam${String(n).padStart(3, '0')}`);

describe('the devices that a token names', () => {
  it.each([
    ['none where it names none', [], []],
    ['none where the claim is absent', undefined, []],
    ['those that it names, in order, each once', ['b', 'a', 'b'], ['a', 'b']],
    ['as many as may be', ids(limits.devicesPerTokenMax), ids(limits.devicesPerTokenMax)],
  ])('are %s', async (_, claim, devices) => {
    expect(await devicesOf(claim)).toEqual(devices);
  });

  it.each([
    ['too many', ids(limits.devicesPerTokenMax + 1)],
    ['null', null],
    ['true', true],
    ['a star', '*'],
    ['a text', 'cam1'],
    ['a star in a list', ['*']],
    ['an empty text', ['']],
    ['a number', [1]],
    ['a list in a list', [['cam1']]],
    ['an object', { 0: 'cam1', length: 1 }],
    ['an id with a space', ['cam1 cam2']],
    ['an id that is too long', ['x'.repeat(limits.deviceIdCharactersMax + 1)]],
    ['one bad id among good ones', ['cam1', 'cam/2']],
  ])('are not %s: the token is refused', async (_, claim) => {
    expect(await codeOf(devicesOf(claim))).toBe('token-claims');
  });

  it('are not inherited', () => {
    expect(readDevices(Object.create({ [devicesClaim]: ['cam1'] }))).toEqual([]);
  });

  it('are never taken from a camera’s token', async () => {
    const more = { aud: audiences.camera, sub: 'cam1', [devicesClaim]: ['cam2'] };
    expect(await identity.verify(await signed(key, claimsAt(clock, more)))).not.toHaveProperty('devices');
  });

  it('do not change with what they were read from, or by anybody', async () => {
    const viewer = await identity.verifyViewer(await signed(key, claimsAt(clock, { [devicesClaim]: ['cam1'] })));
    expect(() => Object.assign(viewer.devices, ['cam2'])).toThrow(TypeError);
    expect(() => Object.assign(viewer, { devices: ['cam2'] })).toThrow(TypeError);
  });

  it('are a bounded list of ids or a refusal, whatever the claim is', () => {
    fc.assert(
      fc.property(fc.oneof(fc.jsonValue(), fc.array(fc.oneof(fc.string(), fc.jsonValue()))), (claim) => {
        try {
          const devices = readDevices(JSON.parse(JSON.stringify({ [devicesClaim]: claim })));
          expect(devices.every((device) => (claim as unknown[]).includes(device))).toBe(true);
          expect(devices.length).toBeLessThanOrEqual(limits.devicesPerTokenMax);
        } catch (thrown) {
          expect(thrown).toMatchObject({ code: 'token-claims' });
        }
      }),
      { numRuns: 2_000 },
    );
  });
});
