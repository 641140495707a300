import { readFileSync } from 'node:fs';
import { LatchkeyError, limits } from '../base/index.ts';

/** How many files this process may have open; infinity where nobody tells. Node has raised it to the hard limit as it started. */
export function descriptorsMax(limitsText: string | undefined = readLimits()): number {
  const soft = /^Max open files\s+(\d+)/m.exec(limitsText ?? '')?.[1];
  return soft === undefined ? Number.POSITIVE_INFINITY : Number(soft);
}

/**
 * How many live views may be asked for at once beside a fleet, each on a connection of its own. Throws `params-invalid` where this process may not have
 * as many connections as the fleet and two for each viewer.
 */
export function demandDescriptors(cameras: number, people: number, max = descriptorsMax()): number {
  const viewers = Math.min(2 * people, limits.stormAsksInFlightMax);
  const needed = cameras + viewers + limits.stormDescriptorsSpareMin;
  if (needed <= max) return Math.min(limits.stormAsksInFlightMax, max - cameras - limits.stormDescriptorsSpareMin);
  const most = Math.max(0, max - viewers - limits.stormDescriptorsSpareMin);
  throw new LatchkeyError(
    'params-invalid',
    `${cameras} cameras need ${needed} open files, and this process may have ${max}: take ${most} cameras at most, or raise ` +
      `the limit with ulimit -n ${needed} (and, if that is refused, the hard limit as root); the relay needs as much`,
  );
}

function readLimits(): string | undefined {
  try {
    return readFileSync('/proc/self/limits', 'utf8');
  } catch {
    return undefined;
  }
}
