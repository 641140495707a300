import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { install, installHindrance, missingOf, type Need, packagesOf } from '../../test/support/debian-packages.ts';

export const coturnNeed: Need = { package: 'coturn', program: 'turnserver', why: 'the TURN server to compare with' };
const needs: readonly Need[] = [
  { package: 'gcc', program: 'cc', why: 'compiling the generator' },
  { package: 'libc6-dev', program: 'cc', why: 'compiling the generator' },
  { package: 'util-linux', program: 'setpriv', why: 'ending what this starts' },
  { package: 'util-linux', program: 'taskset', why: 'a core for the relay, and another for the generator' },
  coturnNeed,
];

const programs = {
  load: ['load.c', 'send.c', 'receive.c', 'exchange.c', 'latch.c', 'turn.c', 'udp.c'],
  'relay-plain': ['relay-plain.c', 'udp.c'],
  'relay-mmsg': ['relay-mmsg.c', 'udp.c'],
  'relay-gso': ['relay-gso.c', 'udp.c'],
};

/** What a run works with: compiled programs, a folder for its files, and the cores. */
export interface Tools extends Disposable {
  readonly folder: string;
  readonly generatorCore: number;
  readonly relayCore: number;
  program(name: keyof typeof programs): string;
}

/** Sees to the programs that are needed; resolves to those that are missing in the end. */
export async function seeToNeeds(say: (line: string) => void): Promise<Need[]> {
  const path = process.env.PATH ?? '';
  const missing = missingOf(needs, path);
  if (missing.length === 0 || installHindrance(process.getuid?.(), path) !== undefined) return missing;
  await install(packagesOf(missing), say, new AbortController().signal, process.env);
  return missingOf(needs, path);
}

/** Compiles the programs into a folder that lives as long as the tools do. */
export function makeTools(): Tools {
  const cache = join(import.meta.dirname, '../../node_modules/.cache');
  mkdirSync(cache, { recursive: true });
  const folder = mkdtempSync(join(cache, 'latchkey-bench-'));
  const remove = () => rmSync(folder, { recursive: true, force: true });
  process.once('exit', remove);
  for (const [name, sources] of Object.entries(programs)) {
    const files = sources.map((source) => join(import.meta.dirname, source));
    execFileSync('cc', ['-O2', '-Wall', '-Wextra', '-pthread', '-o', join(folder, name), ...files]);
  }
  const [generatorCore = 0, relayCore = generatorCore] = coresOf(readFileSync('/proc/self/status', 'utf8'));
  return { folder, generatorCore, relayCore, program: (name) => join(folder, name), [Symbol.dispose]: remove };
}

/** The cores that a process may use, by its status in /proc. */
export function coresOf(status: string): number[] {
  const list = /^Cpus_allowed_list:\s*(\S+)$/m.exec(status)?.[1];
  return (list?.split(',') ?? []).flatMap((part) => {
    const [first = 0, last = first] = part.split('-').map(Number);
    return Array.from({ length: last - first + 1 }, (_, index) => first + index);
  });
}
