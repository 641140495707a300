import { readdirSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { settingsCheck } from '../../../src/cli/doctor/settings.ts';
import { patient, said } from './support/patient.ts';

describe('the check of the settings', () => {
  it('starts a relay of them, and leaves nothing in the data directory', async () => {
    const sound = patient();
    expect(await said(settingsCheck, sound)).toEqual(['ok: a relay of these settings starts (development)']);
    expect(readdirSync(sound.settings.dataDirectory)).toEqual([]);
  });

  it('finds what keeps a relay from starting', async () => {
    const environment = { LATCHKEY_RELAY_INTERFACE: 'no-such-0', LATCHKEY_RELAY_UDP: 'auto' };
    expect(await said(settingsCheck, patient({ environment }))).toEqual([
      expect.stringMatching(/^problem: no relay of these settings starts: relay.*→ correct that setting/),
    ]);
  });
});
