import { z } from 'zod';
import { LatchkeyError } from '../base/index.ts';
import { settingsSchema } from './schema.ts';

/** One setting: where it stands in the file, its environment variable, and its meaning. */
export interface SettingLine {
  readonly path: readonly string[];
  readonly variable: string;
  readonly meaning: string;
}

/** Variables of the command's own and secrets, which are no settings of the relay. */
const otherVariables = new Set([
  'LATCHKEY_TOKEN',
  'LATCHKEY_RELAY',
  'LATCHKEY_CONFIG',
  'LATCHKEY_ADMIN',
  'LATCHKEY_POSTGRES_PASSWORD',
  'LATCHKEY_SERVICE_KEYS',
]);

/** Every setting, in the order of the schema. */
export function settingLines(): SettingLine[] {
  return linesOf(settingsSchema, []);
}

/**
 * Reads `LATCHKEY_…` variables into a partial settings tree. Values are JSON where they parse as JSON, else text.
 * Throws `settings-invalid` for a variable that names no setting.
 */
export function settingsFromEnvironment(environment: NodeJS.ProcessEnv): Record<string, unknown> {
  const byVariable = new Map(settingLines().map((line) => [line.variable, line]));
  const tree: Record<string, unknown> = {};
  for (const [variable, text] of Object.entries(environment)) {
    if (!variable.startsWith('LATCHKEY_') || otherVariables.has(variable) || text === undefined) continue;
    const line = byVariable.get(variable);
    if (line === undefined) throw new LatchkeyError('settings-invalid', `${variable} names no setting`);
    place(tree, line.path, parsedOrText(text));
  }
  return tree;
}

function parsedOrText(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

function place(tree: Record<string, unknown>, path: readonly string[], value: unknown): void {
  const [head, ...rest] = path;
  if (head === undefined) return;
  if (rest.length === 0) {
    tree[head] = value;
    return;
  }
  const branch = (tree[head] ?? {}) as Record<string, unknown>;
  tree[head] = branch;
  place(branch, rest, value);
}

function linesOf(schema: z.ZodType, path: string[]): SettingLine[] {
  if (!(schema instanceof z.ZodObject)) {
    return [{ path, variable: `LATCHKEY_${path.map(upperSnake).join('_')}`, meaning: schema.description ?? '' }];
  }
  return Object.entries(schema.shape).flatMap(([key, member]) => linesOf(member as z.ZodType, [...path, key]));
}

function upperSnake(name: string): string {
  return name
    .replaceAll('-', '_')
    .replace(/[A-Z]/g, (letter) => `_${letter}`)
    .toUpperCase();
}
