import { spawn } from 'node:child_process';
import { accessSync, constants, statSync } from 'node:fs';
import { delimiter, join } from 'node:path';

/** A program that the tests run and npm does not bring. */
export interface Need {
  /** The Debian package, by the same name in Debian 12 and 13. */
  readonly package: string;
  /** What must be on the PATH. */
  readonly program: string;
  readonly why: string;
}

export const needs: readonly Need[] = [
  { package: 'chromium', program: 'chromium', why: 'the page and the whole road from camera to picture, in a browser' },
  { package: 'ffmpeg', program: 'ffmpeg', why: 'test pictures, camera sources, and looking at what was recorded' },
  { package: 'ffmpeg', program: 'ffprobe', why: 'reading the format of what was recorded' },
  {
    package: 'iproute2',
    program: 'ip',
    why: 'the network of a viewer whose router loses UDP; to make it takes root, too',
  },
  { package: 'gjs', program: 'gjs', why: 'running the RTSP server that stands for a camera' },
  { package: 'gir1.2-gst-rtsp-server-1.0', program: 'gjs', why: 'that server, which has no program of its own' },
  { package: 'iproute2', program: 'ip', why: 'networks of the tests’ own, with addresses, roads and interfaces' },
  { package: 'redis-server', program: 'redis-server', why: 'the cache that several relays share' },
  {
    package: 'postgresql',
    program: 'pg_ctlcluster',
    why: 'the database of who owns what, which tests start, kill and start again on a port of their own',
  },
  {
    package: 'prometheus',
    program: 'prometheus',
    why: 'the database of metrics that scrapes a relay, and answers what alerts and the dashboard ask',
  },
  { package: 'prometheus', program: 'promtool', why: 'the look at metrics, alerts and recorded series' },
  { package: 'systemd', program: 'systemd-analyze', why: 'reading the unit in config/ as systemd does' },
  { package: 'iproute2', program: 'tc', why: 'a slow interface, whose send buffer is full' },
];

/** The needs whose program is in no folder of `path` (a PATH as the environment has it). */
export function missingOf(table: readonly Need[], path: string): Need[] {
  const folders = path.split(delimiter).filter((folder) => folder !== '');
  return table.filter((need) => !folders.some((folder) => isProgram(join(folder, need.program))));
}

/** The packages to install, each once. */
export function packagesOf(table: readonly Need[]): string[] {
  return [...new Set(table.map((need) => need.package))];
}

/** The table as text, for a person. */
export function needsText(table: readonly Need[]): string {
  const width = Math.max(0, ...table.map((need) => need.program.length));
  return table.map((need) => `${need.program.padEnd(width)}  (Debian package ${need.package}): ${need.why}`).join('\n');
}

/** Why packages cannot be installed here, or undefined when they can. */
export function installHindrance(userId: number | undefined, path: string): string | undefined {
  const aptGet = { package: 'apt', program: 'apt-get', why: '' };
  if (missingOf([aptGet], path).length > 0) return 'there is no apt-get here';
  return userId === 0 ? undefined : 'only root may install packages';
}

/**
 * The commands that install packages, in order. The first may fail (one unreachable source is enough for that, though
 * the lists at hand may do); the last decides.
 */
export function installCommands(packages: readonly string[]): string[][] {
  const lock = ['-o', 'DPkg::Lock::Timeout=120'];
  return [
    ['apt-get', 'update', '-q', ...lock],
    ['apt-get', 'install', '-q', '-y', '--no-install-recommends', ...lock, ...packages],
  ];
}

/**
 * Installs packages with the apt-get of `environment` and resolves to whether the last command succeeded. `say` gets a
 * line before each command. Aborting `signal` ends the command that runs, and starts no other.
 */
export async function install(
  packages: readonly string[],
  say: (line: string) => void,
  signal: AbortSignal,
  environment: NodeJS.ProcessEnv,
): Promise<boolean> {
  let succeeded = false;
  for (const [program = '', ...parameters] of installCommands(packages)) {
    if (signal.aborted) return false;
    say(`> ${program} ${parameters.join(' ')}`);
    succeeded = await runs(program, parameters, signal, { ...environment, DEBIAN_FRONTEND: 'noninteractive' });
  }
  return succeeded;
}

function runs(program: string, parameters: string[], signal: AbortSignal, env: NodeJS.ProcessEnv): Promise<boolean> {
  const child = spawn(program, parameters, { env, signal, stdio: ['ignore', 'inherit', 'inherit'] });
  return new Promise((resolve) => {
    child.once('error', () => resolve(false));
    child.once('exit', (code) => resolve(code === 0));
  });
}

function isProgram(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return statSync(file).isFile();
  } catch {
    return false;
  }
}
