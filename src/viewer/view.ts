import { LatchkeyError, limits } from '../base/index.ts';
import { relayTarget } from '../peer/index.ts';
import { createRecording } from './recording.ts';
import type { View, ViewObserver, ViewPowers, ViewSettings } from './settings.ts';
import { Watching } from './watching.ts';

/**
 * Watches one camera. Throws `settings-invalid` at once for what can never work, such as a file that cannot be
 * written; everything later goes to `firstFrame`, `ended` and `close`.
 */
export function startView(settings: ViewSettings, powers: ViewPowers, observer: ViewObserver = {}): View {
  if (settings.device === '' || settings.device.length > limits.deviceIdCharactersMax) {
    throw new LatchkeyError('settings-invalid', 'the device has no usable name');
  }
  const watching = new Watching({
    settings,
    target: relayTarget(settings.relay, settings.caFile),
    recording: settings.saveTo === undefined ? undefined : createRecording(settings.saveTo),
    powers,
    observer,
  });
  watching.start();
  return watching;
}
