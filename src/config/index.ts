export { type SettingLine, settingLines } from './environment.ts';
export { loadSettings } from './load.ts';
export { changesBetween, type ReloadOutcome, settingsTaken, takenAtRunTime, takenAtStart } from './run-time.ts';
export type { Settings } from './schema.ts';
export { givenSecret, givenText, keptSecret, replaceSecret, type SecretPlace, secretText } from './secrets.ts';
