import { LatchkeyError, limits } from '../base/index.ts';
import { relayTarget } from '../peer/index.ts';
import { createRecording, type Recording } from './recording.ts';
import type { View, ViewObserver, ViewPowers, ViewSettings } from './settings.ts';
import { Watching } from './watching.ts';
import { WatchingOn } from './watching-on.ts';

/**
 * Watches one camera, and again by itself where its relay is about to restart, unless it is saved to a file. Throws `settings-invalid` at once for what can never work, such as a file that cannot be
 * written; everything later goes to `firstFrame`, `ended` and `close`.
 */
export function startView(settings: ViewSettings, powers: ViewPowers, observer: ViewObserver = {}): View {
  if (settings.device === '' || settings.device.length > limits.deviceIdCharactersMax) {
    throw new LatchkeyError('settings-invalid', 'the device has no usable name');
  }
  const target = relayTarget(settings.relay, settings.caFile);
  const begin = (seconds: number | undefined, recording: Recording | undefined) => {
    const watching = new Watching({ settings: { ...settings, seconds }, target, recording, powers, observer });
    watching.start();
    return watching;
  };
  // A file holds one live view, from its first frame to its end.
  if (settings.saveTo !== undefined) return begin(settings.seconds, createRecording(settings.saveTo));
  return new WatchingOn({ begin: (seconds) => begin(seconds, undefined), seconds: settings.seconds, powers });
}
