import { readdirSync, readFileSync, readlinkSync } from 'node:fs';

/** A process of this machine, as Linux's /proc has it. */
export interface RunningProcess {
  readonly pid: number;
  readonly parent: number;
  readonly commandLine: string;
}

/** The processes that another one started and that still run. */
export function childrenOf(parent: number): RunningProcess[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap((name) => readProcess(Number(name)) ?? [])
    .filter((each) => each.parent === parent);
}

/** How many UDP sockets a process holds. */
export function udpSocketsOf(pid: number): number {
  const known = new Set(['udp', 'udp6'].flatMap((table) => inodes(`/proc/${pid}/net/${table}`)));
  const held = readdirSync(`/proc/${pid}/fd`).flatMap((descriptor) => linkOf(`/proc/${pid}/fd/${descriptor}`));
  return held.filter((link) => known.has(/^socket:\[(\d+)\]$/.exec(link)?.[1] ?? '')).length;
}

/** Undefined for one that has just ended, or has ended and not been waited for. */
function readProcess(pid: number): RunningProcess | undefined {
  try {
    const [, state, parent] = /^\d+ \(.*\) (\w) (\d+)/s.exec(readFileSync(`/proc/${pid}/stat`, 'utf8')) ?? [];
    if (state === 'Z') return undefined;
    const commandLine = readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ').trim();
    return { pid, parent: Number(parent), commandLine };
  } catch {
    return undefined;
  }
}

function inodes(table: string): string[] {
  const lines = readFileSync(table, 'utf8').trim().split('\n').slice(1);
  return lines.map((line) => line.trim().split(/\s+/)[9] ?? '');
}

function linkOf(path: string): string[] {
  try {
    return [readlinkSync(path)];
  } catch {
    return [];
  }
}
