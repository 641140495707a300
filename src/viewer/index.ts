export { type DeviceQuestion, listDevices } from './devices.ts';
export type {
  FirstFrame,
  VideoFrame,
  View,
  ViewObserver,
  ViewPowers,
  ViewSettings,
  ViewState,
  ViewStats,
} from './settings.ts';
export { startView } from './view.ts';
