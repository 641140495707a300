import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { trial } from '../trial.ts';
import { ok, problem, whyOf } from './finding.ts';
import type { Check } from './patient.ts';

/**
 * Starts a relay of these settings on ports that nobody knows, as `serve --check` does, but in a folder that is thrown away: whoever
 * runs this may be another user than the relay, and leaves nothing behind that is theirs.
 */
export const settingsCheck: Check = {
  name: 'settings',
  async look({ settings }) {
    const dataDirectory = mkdtempSync(join(tmpdir(), 'latchkey-doctor-'));
    try {
      await trial({ ...settings, dataDirectory, ownership: { ...settings.ownership, file: null } });
      return [ok(`a relay of these settings starts (${settings.mode})`)];
    } catch (thrown) {
      return [problem(`no relay of these settings starts: ${whyOf(thrown)}`, 'correct that setting, and look again')];
    } finally {
      rmSync(dataDirectory, { recursive: true, force: true });
    }
  },
};
