import { mkdtempSync } from 'node:fs';
import { join } from 'node:path';
import { fleetOf } from '../../test/support/running-relay.ts';
import { Child } from '../relay/child.ts';

export interface Contestant {
  readonly name: string;
  /** Undefined: tracing is off. */
  readonly sampleRatio: number | undefined;
}

export const contestants: readonly Contestant[] = [
  { name: 'off', sampleRatio: undefined },
  { name: '1 %', sampleRatio: 0.01 },
  { name: '100 %', sampleRatio: 1 },
];

/** A relay of the bench's own, and what its requests cost. */
export interface BenchRelay extends AsyncDisposable {
  readonly contestant: Contestant;
  readonly url: string;
  readonly pid: number;
}

const main = join(import.meta.dirname, '../../src/main.ts');
const flags = ['--disable-warning=ExperimentalWarning', '--max-semi-space-size=32'];

/** What every relay of a run is told, tracing aside. */
export function environmentOf(folder: string): Record<string, string> {
  return {
    LATCHKEY_MODE: 'development',
    LATCHKEY_DATA_DIRECTORY: folder,
    LATCHKEY_IDENTITY_DEVELOPMENT_ISSUER: 'true',
    LATCHKEY_OWNERSHIP_SOURCE: 'sqlite',
    LATCHKEY_HTTP_HOST: '127.0.0.1',
    LATCHKEY_HTTP_PORT: '0',
    LATCHKEY_RELAY_HOST: '127.0.0.1',
    LATCHKEY_RELAY_PORT: '0',
    LATCHKEY_OPERATIONS_PORT: '0',
    LATCHKEY_ADMIN_PORT: '0',
    LATCHKEY_TELEMETRY_LOG_LEVEL: 'silent',
  };
}

/** Starts a relay on that core. */
export async function startRelay(
  contestant: Contestant,
  { core, folder, endpoint }: { readonly core: number; readonly folder: string; readonly endpoint: string },
): Promise<BenchRelay> {
  const { sampleRatio } = contestant;
  const tracing =
    sampleRatio === undefined
      ? {}
      : { LATCHKEY_TRACING_ENDPOINT: endpoint, LATCHKEY_TRACING_SAMPLE_RATIO: String(sampleRatio) };
  // A data directory is one relay's alone: each has one of its own, with the same issuer and the same owners.
  const own = mkdtempSync(join(folder, 'relay-'));
  const shared = fleetOf({ dataDirectory: folder }, own);
  const variables = Object.entries({ ...environmentOf(folder), ...shared, ...tracing }).map(
    ([name, value]) => `${name}=${value}`,
  );
  const child = new Child(`the relay, ${contestant.name}`, core, 'env', [
    ...variables,
    process.execPath,
    ...flags,
    main,
    'serve',
  ]);
  const port = /http:\/\/\S+?:(\d+)/.exec(await child.line())?.[1];
  return {
    contestant,
    url: `http://127.0.0.1:${port}`,
    pid: child.pid,
    [Symbol.asyncDispose]: () => child[Symbol.asyncDispose](),
  };
}
