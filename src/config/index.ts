export { type SettingLine, settingLines } from './environment.ts';
export { loadSettings } from './load.ts';
export type { Settings } from './schema.ts';
export { keptSecret, replaceSecret } from './secrets.ts';
