import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { type Clock, deviceId, LatchkeyError, limits } from '../base/index.ts';
import { givenText, type Settings } from '../config/index.ts';
import type { RevocationTable } from '../identity/index.ts';
import {
  checkSwitchPositions,
  createLevers,
  type Feature,
  features,
  openLeverStore,
  type RelayLevers,
  type SwitchPosition,
  type SwitchPositions,
} from '../levers/index.ts';
import type { Metrics } from '../telemetry/index.ts';

/** The levers of a relay, with what was thrown before. Throws `settings-invalid` for a file or a switch that cannot be used. */
export function openLevers(
  now: { readonly settings: Settings },
  powers: { readonly clock: Clock; readonly revocations: RevocationTable },
  metrics: Metrics,
): RelayLevers {
  const { settings } = now;
  mkdirSync(settings.dataDirectory, { recursive: true, mode: 0o700 });
  const switches = switchPositions(settings);
  const store = openLeverStore(leversFile(settings));
  return createLevers(
    {
      switches,
      /** It may come from a clock that is ahead, and is taken for as long after its end. */
      get tokenAgeMsMax() {
        const { tokenLifetimeSecondsMax, clockToleranceSeconds } = now.settings.identity;
        return (tokenLifetimeSecondsMax + 2 * clockToleranceSeconds) * 1000;
      },
      get clockAheadMsMax() {
        return now.settings.identity.clockToleranceSeconds * 1000;
      },
    },
    { ...powers, store },
    { revoked: (of) => metrics.count('latchkey_revocations_total', { of }) },
  );
}

/** Where the levers of a relay are kept. */
export function leversFile({ dataDirectory }: Pick<Settings, 'dataDirectory'>): string {
  return join(dataDirectory, 'levers.sqlite');
}

/** The positions that the settings name, with what their list files hold. Throws `settings-invalid`, and names the setting or the line. */
export function switchPositions({ switches }: Pick<Settings, 'switches'>): SwitchPositions {
  const positions = Object.fromEntries(
    features.map((feature) => [feature, positionOf(feature, switches[feature])]),
  ) as Record<Feature, SwitchPosition>;
  try {
    checkSwitchPositions(positions);
  } catch (error) {
    throw new LatchkeyError('settings-invalid', `switches: ${(error as Error).message}`, { cause: error });
  }
  return positions;
}

function positionOf(feature: Feature, given: Settings['switches'][Feature]): SwitchPosition {
  if (typeof given === 'string') return { position: given };
  const { prefixes = [], devices = [], listFile } = given.offFor;
  const listed = listFile === undefined ? [] : listIn(listFile);
  try {
    return { position: 'off-for', prefixes, devices: [...devices.map(deviceId), ...listed] };
  } catch (error) {
    throw new LatchkeyError('settings-invalid', `switches.${feature}: ${(error as Error).message}`, { cause: error });
  }
}

/** One device id on each line, whole; `#` begins a remark. */
function listIn(file: string): ReturnType<typeof deviceId>[] {
  const lines = givenText(file, limits.switchListBytesMax).split('\n');
  const listed = lines.flatMap((line, index) => {
    const id = (line.split('#')[0] ?? '').trim();
    if (id === '') return [];
    try {
      return [deviceId(id)];
    } catch {
      throw new LatchkeyError('settings-invalid', `${file}: line ${index + 1} holds no device id`);
    }
  });
  if (listed.length === 0) throw new LatchkeyError('settings-invalid', `${file} names no device`);
  return listed;
}
