import { readFileSync } from 'node:fs';
import { isRecord, LatchkeyError } from '../base/index.ts';
import { settingsFromEnvironment } from './environment.ts';
import { type Settings, settingsSchema } from './schema.ts';

const defaultsFile = new URL('../../config/default.json', import.meta.url);

/**
 * Defaults, then the file, then the environment, each over the one before, setting by setting; lists are replaced whole.
 * Throws `settings-invalid` and names the setting: unknown, of the wrong type, out of its bounds, or at odds with another.
 */
export function loadSettings(file: string | undefined, environment: NodeJS.ProcessEnv): Settings {
  let tree = readTree(defaultsFile, 'config/default.json');
  if (file !== undefined) tree = merged(tree, readTree(file, file));
  tree = merged(tree, settingsFromEnvironment(environment));
  const parsed = settingsSchema.safeParse(tree);
  if (!parsed.success) {
    const lines = parsed.error.issues.map((issue) => `${issue.path.join('.') || 'settings'}: ${issue.message}`);
    throw new LatchkeyError('settings-invalid', lines.join('; '));
  }
  checkTogether(parsed.data);
  return parsed.data;
}

/** What one setting demands of another. */
function checkTogether(settings: Settings): void {
  const refuse = (what: string): never => {
    throw new LatchkeyError('settings-invalid', what);
  };
  const { mode, identity, ownership, demo } = settings;
  if (mode === 'production' && demo) refuse('demo: runs in "mode": "development" alone');
  if (mode === 'production' && identity.developmentIssuer) {
    refuse('identity.developmentIssuer: runs in "mode": "development" alone');
  }
  if (demo && !identity.developmentIssuer) refuse('demo: needs identity.developmentIssuer');
  if (demo && identity.issuers.length > 0) refuse('demo: has an issuer of its own; leave identity.issuers empty');
  if (demo && ownership.source !== 'sqlite') refuse('demo: needs "ownership": {"source": "sqlite"}');
  if (identity.issuers.length === 0 && !identity.developmentIssuer) {
    refuse('identity.issuers: name at least one issuer, or nobody can sign in');
  }
  if (identity.audiences.viewer === identity.audiences.camera) {
    refuse('identity.audiences: a viewer’s and a camera’s must differ');
  }
  if (ownership.source === 'http' && ownership.http.url === null) {
    refuse('ownership.http.url: needed with "ownership": {"source": "http"}');
  }
  const { tickets } = identity;
  if (tickets.rotateSeconds < tickets.lifetimeSecondsMax) {
    refuse('identity.tickets.rotateSeconds: a key signs at least as long as a ticket lives');
  }
  if (tickets.keysFile !== null && tickets.keys.length > 0) {
    refuse('identity.tickets: the keys are in keysFile or in keys, not in both');
  }
  const { leadSeconds, overSeconds, sessionsSecondsMax, totalSecondsMax } = settings.drain;
  if (leadSeconds + overSeconds + sessionsSecondsMax > totalSecondsMax) {
    refuse('drain.totalSecondsMax: at least leadSeconds, overSeconds and sessionsSecondsMax together');
  }
  if (ownership.cache.refusalMsMax > ownership.cache.grantMsMax) {
    refuse('ownership.cache.refusalMsMax: a no is remembered at most as long as a yes');
  }
}

function readTree(file: string | URL, name: string): Record<string, unknown> {
  let value: unknown;
  try {
    value = JSON.parse(readFileSync(file, 'utf8'));
  } catch (error) {
    throw new LatchkeyError('settings-invalid', `${name}: ${(error as Error).message}`, { cause: error });
  }
  if (!isRecord(value)) throw new LatchkeyError('settings-invalid', `${name}: must hold one JSON object`);
  return value;
}

function merged(under: Record<string, unknown>, over: Record<string, unknown>): Record<string, unknown> {
  const result = { ...under };
  for (const [key, value] of Object.entries(over)) {
    const below = result[key];
    Object.defineProperty(result, key, {
      value: isRecord(below) && isRecord(value) ? merged(below, value) : value,
      enumerable: true,
      configurable: true,
      writable: true,
    });
  }
  return result;
}
