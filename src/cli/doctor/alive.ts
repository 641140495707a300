import { type Clock, limits, within } from '../../base/index.ts';
import { exchange } from './exchange.ts';

/** Whether a relay answers at that address. Whose certificate it is does not matter to that. */
export async function isAlive(url: string, clock: Clock): Promise<boolean> {
  try {
    const { status, body } = await within(clock, limits.doctorAnswerMsMax, (signal) =>
      exchange(url, { signal, rejectUnauthorized: false }),
    );
    return status === 200 && body === 'alive\n';
  } catch {
    return false;
  }
}

/** Where a process of this machine reaches what listens there. */
export function localHost(host: string): string {
  if (host === '::' || host === '0.0.0.0') return 'localhost';
  return host.includes(':') ? `[${host}]` : host;
}
