import { describe, expect, it } from 'vitest';
import { addressesCheck } from '../../../src/cli/doctor/addresses.ts';
import { patient, said } from './support/patient.ts';

const announced = (...addresses: string[]) => ({
  environment: { LATCHKEY_RELAY_ANNOUNCED: JSON.stringify(addresses) },
});

describe('the check of the announced addresses', () => {
  it('knows those of this machine, and that nobody outside can use loopback', async () => {
    expect(await said(addressesCheck, patient(announced('127.0.0.1')))).toEqual([
      'ok: 127.0.0.1:3478 is told to clients and is this machine’s',
      expect.stringMatching(/^warning: every address that is told to clients is of a private network →/),
    ]);
  });

  it('leaves to another machine what a NAT may lead here', async () => {
    expect(await said(addressesCheck, patient(announced('198.51.100.7:443')))).toEqual([
      expect.stringMatching(
        /^unknown: 198\.51\.100\.7:443 .*latchkey doctor --probe 198\.51\.100\.7:8080 --media-port 443$/,
      ),
    ]);
  });

  it('an address whose interface is down is a problem', async () => {
    const ailment = { ...announced('203.0.113.9'), machine: { addresses: () => ['203.0.113.9'] } };
    expect((await said(addressesCheck, patient(ailment)))[0]).toMatch(/^problem: .*cannot be bound: EADDRNOTAVAIL/);
  });

  it('a machine without addresses is a problem', async () => {
    const ailment = { ...announced(), machine: { addresses: () => [] } };
    expect(
      (await said(addressesCheck, patient({ ...ailment, environment: { LATCHKEY_RELAY_HOST: '0.0.0.0' } })))[0],
    ).toMatch(/^problem: .*no address to announce/);
  });
});
