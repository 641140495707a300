import { readFileSync } from 'node:fs';

/** The runs of this process that have not ended: whoever looks for what a dead relay left behind leaves these alone. */
export const runsHere = new Set<string>();

/** Which process this is, so that nobody later takes another one with its number for it. */
export function thisProcess(): string {
  return `${bootId()} ${process.pid} ${birthOf(process.pid) ?? ''}`;
}

/** Whether the process still runs that such a text names. */
export function isRunning(text: string): boolean {
  const [boot, pid, birth] = text.split(' ');
  if (boot !== bootId()) return false;
  const now = birthOf(Number(pid));
  if (now !== undefined) return now === birth;
  return birth === '' && answers(Number(pid));
}

/** When a process began, in the kernel’s own count since the machine started (proc(5), field 22). */
function birthOf(pid: number): string | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return fields[0] === 'Z' ? 'ended' : fields[19];
  } catch {
    return undefined;
  }
}

function bootId(): string {
  try {
    return readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
  } catch {
    return '-';
  }
}

/** Whether there is a process of that number. */
export function answers(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
