import { readdirSync, readFileSync, writeFileSync } from 'node:fs';

/** CPU time of all threads of a process, user and system, in nanoseconds (`schedstat` of Linux). */
export function cpuOf(pid: number): number {
  return readdirSync(`/proc/${pid}/task`).reduce((sum, task) => sum + usedNs(`/proc/${pid}/task/${task}/schedstat`), 0);
}

/** Resident memory now, and the most since `forgetPeak`, in bytes. */
export function memoryOf(pid: number): { readonly rssBytes: number; readonly peakBytes: number } {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  const kib = (name: string) => Number(new RegExp(`^${name}:\\s+(\\d+) kB`, 'm').exec(status)?.[1] ?? Number.NaN);
  return { rssBytes: kib('VmRSS') * 1024, peakBytes: kib('VmHWM') * 1024 };
}

export function forgetPeak(pid: number): void {
  writeFileSync(`/proc/${pid}/clear_refs`, '5');
}

/** How often this machine has refused a connection because whoever listens had not taken the ones before. */
export function overflowsOf(netstat = readFileSync('/proc/net/netstat', 'utf8')): number {
  const [names = '', values = ''] = netstat.split('\n').filter((line) => line.startsWith('TcpExt:'));
  const at = names.split(' ').indexOf('ListenOverflows');
  return Number(values.split(' ')[at] ?? 0);
}

/** A thread that ended between the list and the look has nothing to tell any more. */
function usedNs(file: string): number {
  try {
    return Number(readFileSync(file, 'utf8').split(' ')[0]);
  } catch {
    return 0;
  }
}
