import type { View, ViewObserver, ViewPowers, ViewSettings } from './settings.ts';

export function startView(_settings: ViewSettings, _powers: ViewPowers, _observer: ViewObserver = {}): View {
  throw new TypeError('The headless viewer is not here yet.');
}
