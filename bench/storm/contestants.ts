import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { loadUws } from '../../src/signaling/transport/uws-module.ts';
import { underTrixieLibc } from '../../test/support/trixie-libc.ts';
import { Child } from '../relay/child.ts';
import type { Household } from './household.ts';

export interface Contestant {
  readonly name: string;
  readonly about: string;
  readonly server: 'uws' | 'ws' | 'floor' | 'plain';
  /** Whether its cameras show the tickets that they were given. */
  readonly tickets: boolean;
}

export const contestants: readonly Contestant[] = [
  { name: 'latchkey-uws', about: 'Latchkey on uWebSockets.js, with tickets', server: 'uws', tickets: true },
  {
    name: 'plain',
    about: 'ws and jose and no more, in some 100 lines: plain-server.ts and switchboard.ts',
    server: 'plain',
    tickets: false,
  },
  { name: 'latchkey-uws-tokens', about: 'the same, with tokens alone', server: 'uws', tickets: false },
  { name: 'latchkey-ws', about: 'Latchkey on ws, with tickets', server: 'ws', tickets: true },
  {
    name: 'floor',
    about: 'uWebSockets.js that verifies nothing, the least it can cost: floor-server.ts',
    server: 'floor',
    // It gives none, and its cameras come as those with tickets do.
    tickets: true,
  },
];

/** How Node is started, so that uWebSockets.js loads; the same for every server that is compared. */
export interface Launch {
  readonly command: readonly string[];
  /** Why there is no uWebSockets.js; undefined where there is. */
  readonly withoutUws: string | undefined;
  readonly said: string;
}

export async function findLaunch(): Promise<Launch> {
  const node = join(dirname(createRequire(import.meta.url).resolve('node/package.json')), 'bin/node');
  const own = await loadUws();
  if ('module' in own) return { command: [node], withoutUws: undefined, said: 'under the system’s own C library' };
  try {
    const command = [...(await underTrixieLibc()), node];
    return {
      command,
      withoutUws: undefined,
      said: 'all servers under the C library of Debian 13, which uWebSockets.js wants',
    };
  } catch (error) {
    const why = `${own.why}; ${(error as Error).message}`;
    return { command: [node], withoutUws: why, said: 'under the system’s own C library, without uWebSockets.js' };
  }
}

const flags = [
  '--disable-warning=ExperimentalWarning',
  '--max-semi-space-size=32',
  '--expose-gc',
  '--import',
  join(import.meta.dirname, 'collect.ts'),
];
const root = join(import.meta.dirname, '../..');

/** A server process of its own on that core, and where it listens. */
export async function startServer(
  { name, server }: Contestant,
  { command }: Launch,
  household: Household,
  core: number,
): Promise<{ readonly url: string; readonly pid: number } & AsyncDisposable> {
  const [program = '', ...parameters] = command;
  const script = scriptOf(server, household);
  const child = new Child(name, core, program, [...parameters, ...flags, ...script]);
  for (;;) {
    const port = /^(?:Latchkey serves http:\/\/\S+?:)?(\d+)(?:,|$)/.exec(await child.line())?.[1];
    if (port === undefined) continue;
    return {
      url: `http://127.0.0.1:${port}`,
      pid: child.pid,
      [Symbol.asyncDispose]: () => child[Symbol.asyncDispose](),
    };
  }
}

function scriptOf(server: Contestant['server'], household: Household): string[] {
  switch (server) {
    case 'plain':
      return [join(import.meta.dirname, 'plain-server.ts'), household.keyFile, household.ownersFile];
    case 'floor':
      return [join(import.meta.dirname, 'floor-server.ts'), household.ownersFile];
    default:
      return [join(root, 'src/main.ts'), 'serve', '--config', household.configFile(server)];
  }
}
