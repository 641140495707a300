import { readFileSync } from 'node:fs';
import { Option } from 'commander';
import { LatchkeyError } from '../base/index.ts';
import { loadSettings } from '../config/index.ts';
import { developmentIssuerOf } from '../wiring/index.ts';

/** Options that several subcommands share. */
export const configOption = () =>
  new Option('-c, --config <file>', 'settings, over config/default.json').env('LATCHKEY_CONFIG');
export const relayOption = () =>
  new Option('-r, --relay <url>', 'the relay').env('LATCHKEY_RELAY').default('http://127.0.0.1:8080');
export const jsonOption = () => new Option('--json', 'print JSON').default(false);
export const caOption = () => new Option('--ca <file>', 'PEM certificate of a private CA that signed the relay’s');
export const yesOption = (description: string) => new Option('-y, --yes', description).default(false);

export interface TokenOptions {
  token?: string;
  tokenFile?: string;
  as?: string;
  config?: string;
}

export const tokenOptions = (kind: 'viewer' | 'camera') => [
  new Option('-t, --token <jwt>', `the ${kind}’s token; better through the environment or a file`).env(
    'LATCHKEY_TOKEN',
  ),
  new Option('--token-file <file>', 'a file that holds the token; read again for each connection'),
  new Option(
    '--as <subject>',
    'make development tokens for this subject, with the key in the data directory',
  ).conflicts(['token', 'tokenFile']),
  configOption(),
];

/** A function that gives a token that is valid now, from whichever option was used. Throws `token-missing` for none. */
export async function tokenFrom(options: TokenOptions, kind: 'viewer' | 'camera'): Promise<() => Promise<string>> {
  const { as, tokenFile, token } = options;
  if (as !== undefined) {
    const issuer = await developmentIssuerOf(loadSettings(options.config ?? 'config/demo.json', process.env));
    return () => issuer.token(kind, as, 3_600);
  }
  if (tokenFile !== undefined) return async () => textOf(tokenFile);
  if (token === undefined)
    throw new LatchkeyError('token-missing', 'use --token, --token-file, --as or LATCHKEY_TOKEN');
  return async () => token;
}

/** What a file holds, without the space around it. Throws `settings-invalid`. */
export function textOf(file: string): string {
  try {
    return readFileSync(file, 'utf8').trim();
  } catch (error) {
    throw new LatchkeyError('settings-invalid', `${file} cannot be read: ${(error as Error).message}`, {
      cause: error,
    });
  }
}
