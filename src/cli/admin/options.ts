import { type Command, Option } from 'commander';
import { LatchkeyError, limits, Redacted } from '../../base/index.ts';
import { loadSettings } from '../../config/index.ts';
import { ownTokenFile } from '../../wiring/index.ts';
import { caOption, configOption, jsonOption, textOf } from '../options.ts';
import type { AdminNode } from './client.ts';

/** What every command has that talks to the admin API. */
export interface AdminOptions {
  readonly admin: readonly string[];
  readonly adminTokenFile?: string;
  readonly ca?: string;
  readonly config?: string;
  readonly json: boolean;
}

/** Gives a command the options that say which nodes it talks to, and as whom. */
export function withAdminOptions(command: Command): Command {
  return command
    .addOption(
      new Option('-a, --admin <url>', 'the admin API of a node; may be given several times, one for each node')
        .env('LATCHKEY_ADMIN')
        .argParser((url: string, before: string[] | undefined) => [...(before ?? []), ...url.split(/[\s,]+/)])
        .default([], 'admin.host and admin.port of the settings'),
    )
    .addOption(
      new Option(
        '--admin-token-file <file>',
        'the credential: a token, or name:token lines of which the first is taken; else the one in the data directory',
      ).env('LATCHKEY_ADMIN_TOKEN_FILE'),
    )
    .addOption(caOption())
    .addOption(configOption())
    .addOption(jsonOption());
}

/** The nodes that the options name. Throws `settings-invalid` where there is no credential, and `params-invalid` for no URL. */
export function nodesOf(options: AdminOptions, environment: NodeJS.ProcessEnv = process.env): AdminNode[] {
  const urls = options.admin.filter((url) => url !== '');
  if (urls.length > limits.adminNodesMax) {
    throw new LatchkeyError('params-invalid', `--admin: ${limits.adminNodesMax} nodes at once, at most`);
  }
  const settings =
    urls.length > 0 && options.adminTokenFile !== undefined ? undefined : loadSettings(options.config, environment);
  const file = options.adminTokenFile ?? settings?.admin.tokenFile ?? ownTokenFile(settings?.dataDirectory ?? '');
  const credential = new Redacted(tokenIn(textOf(file), file));
  const ca = options.ca === undefined ? undefined : textOf(options.ca);
  const named = urls.length > 0 ? urls.map(checkedUrl) : [ownUrl(settings?.admin)];
  return [...new Set(named)].map((url) => ({ url, credential, credentialFile: file, ca }));
}

/** The file may be the relay’s own (a JSON string), a bare token, or one of `name:token` lines. */
function tokenIn(text: string, file: string): string {
  const line = text.split('\n').find((each) => each.trim() !== '' && !each.startsWith('#')) ?? '';
  const bare = line.trim().replace(/^"(.*)"$/, '$1');
  const token = bare.slice(bare.indexOf(':') + 1).trim();
  if (!/^[\x21-\x7e]+$/.test(token)) throw new LatchkeyError('settings-invalid', `${file} holds no credential`);
  return token;
}

function checkedUrl(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || !/^https?:$/.test(url.protocol) || url.pathname !== '/' || url.username !== '') {
    throw new LatchkeyError('params-invalid', `--admin: ${text} is no URL such as http://127.0.0.1:9465`);
  }
  return url.origin;
}

interface ListensAt {
  readonly host: string;
  readonly port: number;
  readonly tls: object | null;
}

function ownUrl(at: ListensAt | undefined): string {
  const { host = '127.0.0.1', port = 0, tls = null } = at ?? {};
  const named = host === '::' || host === '0.0.0.0' ? 'localhost' : host.includes(':') ? `[${host}]` : host;
  return `${tls === null ? 'http' : 'https'}://${named}:${port}`;
}
