import { execFile } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { mirrorOf } from './apt-sources.ts';

const run = promisify(execFile);
const cache = join(import.meta.dirname, '../../node_modules/.cache/latchkey');
const packages = ['libc6', 'libstdc++6', 'libgcc-s1'];

/**
 * The start of a command that runs a program under the C library of Debian 13, on a machine whose own is older. The
 * library is fetched once with this machine's apt-get, from the Debian mirror that it is set up with, into a folder of
 * the project's cache; the system itself is left alone. Throws an Error that names what is missing.
 */
export async function underTrixieLibc(): Promise<readonly [loader: string, ...parameters: string[]]> {
  const folder = join(cache, `trixie-libc-${process.arch}`);
  if (!existsSync(folder)) await fetchInto(folder);
  const libraries = join(folder, 'usr/lib', tripletOf(folder));
  const loader = readdirSync(libraries).find((file) => file.startsWith('ld-linux'));
  if (loader === undefined) throw new Error(`there is no loader in ${libraries}; delete ${folder} to fetch it again`);
  return [join(libraries, loader), '--library-path', libraries];
}

/** Unpacks in a folder of its own and renames it, so that nobody sees one that is half full. */
async function fetchInto(folder: string): Promise<void> {
  for (const program of ['apt-get', 'dpkg-deb']) await mustRun(program, ['--version'], cache);
  mkdirSync(cache, { recursive: true });
  const work = mkdtempSync(join(cache, 'trixie-'));
  try {
    const root = join(work, 'root');
    for (const part of ['lists/partial', 'archives/partial', 'root']) mkdirSync(join(work, part), { recursive: true });
    const sources = join(work, 'trixie.sources');
    writeFileSync(sources, trixieSource());
    const options = [
      `Dir::Etc::SourceList=${sources}`,
      `Dir::Etc::SourceParts=${join(work, 'none')}`,
      `Dir::State::Lists=${join(work, 'lists')}`,
      `Dir::Cache=${work}`,
      'APT::Sandbox::User=root',
      'Acquire::Languages=none',
    ].flatMap((option) => ['-o', option]);
    await mustRun('apt-get', ['-qq', ...options, 'update'], work);
    await mustRun('apt-get', ['-qq', ...options, 'download', ...packages], work);
    for (const file of readdirSync(work).filter((name) => name.endsWith('.deb'))) {
      await mustRun('dpkg-deb', ['-x', file, root], work);
    }
    if (!existsSync(folder)) renameSync(root, folder);
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

function trixieSource(): string {
  const codename = /^VERSION_CODENAME=(\S+)$/m.exec(readFileSync('/etc/os-release', 'utf8'))?.[1];
  const mirror = codename === undefined ? undefined : mirrorOf(codename, readSources());
  if (mirror === undefined) throw new Error('no Debian mirror for this system is named in /etc/apt');
  const signedBy = mirror.signedBy === undefined ? '' : `Signed-By: ${mirror.signedBy}\n`;
  return `Types: deb\nURIs: ${mirror.uri}\nSuites: trixie\nComponents: main\n${signedBy}`;
}

function readSources(): { name: string; text: string }[] {
  const parts = '/etc/apt/sources.list.d';
  const files = existsSync(parts) ? readdirSync(parts).map((name) => join(parts, name)) : [];
  return ['/etc/apt/sources.list', ...files]
    .filter((file) => existsSync(file) && /\.(list|sources)$/.test(file))
    .map((file) => ({ name: file, text: readFileSync(file, 'utf8') }));
}

function tripletOf(folder: string): string {
  const triplet = readdirSync(join(folder, 'usr/lib')).find((name) => name.endsWith('-linux-gnu'));
  if (triplet === undefined) throw new Error(`there is no library in ${folder}; delete it to fetch it again`);
  return triplet;
}

async function mustRun(program: string, parameters: string[], cwd: string): Promise<void> {
  try {
    await run(program, parameters, { cwd: existsSync(cwd) ? cwd : '/', env: { ...process.env, LC_ALL: 'C' } });
  } catch (error) {
    const { message, stderr } = error as Error & { stderr?: string };
    throw new Error(`Debian 13's C library cannot be had: ${program}: ${stderr?.trim() || message}`, { cause: error });
  }
}
