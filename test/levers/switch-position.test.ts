import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { deviceId, LatchkeyError, limits } from '../../src/base/index.ts';
import { isOnAt, readPosition } from '../../src/levers/switch-position.ts';
import { codeOf } from '../support/codes.ts';

const offFor = (prefixes: string[], devices: string[] = []) =>
  ({ position: 'off-for', prefixes, devices: devices.map(deviceId) }) as const;
const listOf = (count: number, name: (index: number) => string) => Array.from({ length: count }, (_, at) => name(at));

describe('a switch', () => {
  it('that is on is on for all, and one that is off for none', () => {
    const cam1 = deviceId('cam1');
    expect([isOnAt({ position: 'on' })(cam1), isOnAt({ position: 'off' })(cam1)]).toEqual([true, false]);
  });

  it('that is off for a device is off for that one, whole', () => {
    const isOn = isOnAt(offFor([], ['cam1']));
    expect(['cam1', 'cam10', 'cam', 'Cam1', 'xcam1'].map((name) => isOn(deviceId(name)))).toEqual([
      ...[false, true, true, true, true],
    ]);
  });

  it.each([...'._:@|-'])('that is off for a prefix that ends with %s is off for whole parts', (separator) => {
    const isOn = isOnAt(offFor([`house7${separator}`]));
    const names = [`house7${separator}door`, `house7${separator}`, 'house7', `house70${separator}door`, 'house7x'];
    expect(names.map((name) => isOn(deviceId(name)))).toEqual([false, false, true, true, true]);
  });

  it.each(['cam1', 'a', 'house-7'])('takes no prefix that ends in the middle of a part: %s', async (prefix) => {
    expect(await codeOf(() => isOnAt(offFor([prefix])))).toBe('params-invalid');
  });

  it('that is off for nobody is a mistake', async () => {
    expect(await codeOf(() => isOnAt(offFor([])))).toBe('params-invalid');
  });

  it('names as many as its bounds allow, and not one more', async () => {
    const prefixes = listOf(limits.switchPrefixesMax, (at) => `h${at}-`);
    const devices = listOf(limits.switchDevicesMax, (at) => `c${at}`);
    expect(isOnAt(offFor(prefixes, devices))(deviceId('h0-door'))).toBe(false);
    expect(await codeOf(() => isOnAt(offFor([...prefixes, 'more-'])))).toBe('params-invalid');
    expect(await codeOf(() => isOnAt(offFor([], [...devices, 'more'])))).toBe('params-invalid');
  });
});

describe('a position that was written down', () => {
  it.each([{ position: 'on' }, { position: 'off' }, offFor(['a-'], ['cam1'])] as const)(
    'is read as it was: %j',
    (position) => {
      expect(readPosition(JSON.stringify(position))).toEqual(position);
    },
  );

  it('of another kind is refused, whatever it is', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.json()), (text) => {
        try {
          expect(['on', 'off', 'off-for']).toContain(readPosition(text).position);
        } catch (error) {
          expect(error).toBeInstanceOf(LatchkeyError);
        }
      }),
    );
  });
});
