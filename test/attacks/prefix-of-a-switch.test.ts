// Who can mount it: nobody needs to. An operator who switches cam1 off and means one camera hits cam10 as well, or one who means a house misses half of it.
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { deviceId } from '../../src/base/index.ts';
import { isOnAt } from '../../src/levers/switch-position.ts';

const part = fc.stringMatching(/^[a-z0-9]{1,6}$/);

it('a prefix is off for what has its parts in front, and for nothing that only begins alike', () => {
  fc.assert(
    fc.property(part, part, fc.constantFrom(...'._:@|-'), (house, camera, separator) => {
      const isOn = isOnAt({ position: 'off-for', prefixes: [`${house}${separator}`], devices: [] });
      expect(isOn(deviceId(`${house}${separator}${camera}`))).toBe(false);
      expect(isOn(deviceId(`${house}${camera}${separator}x`))).toBe(true);
      expect(isOn(deviceId(`${camera}${house}${separator}`))).toBe(true);
    }),
  );
});

it('a device is off whole', () => {
  fc.assert(
    fc.property(part, part, (name, more) => {
      const isOn = isOnAt({ position: 'off-for', prefixes: [], devices: [deviceId(name)] });
      expect([isOn(deviceId(name)), isOn(deviceId(name + more)), isOn(deviceId(more + name))]).toEqual([
        false,
        true,
        true,
      ]);
    }),
  );
});
