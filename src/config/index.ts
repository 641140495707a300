export { type SettingLine, settingLines } from './environment.ts';
export { loadSettings } from './load.ts';
export type { Settings } from './schema.ts';
export { givenSecret, givenText, keptSecret, replaceSecret, type SecretPlace, secretText } from './secrets.ts';
