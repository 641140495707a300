import { statSync } from 'node:fs';
import { join } from 'node:path';
import { givenTicketKeys, sharedTicketKeys } from '../../identity/index.ts';
import { type Finding, ok, problem, unknown, warning, whyOf } from './finding.ts';
import type { Check } from './patient.ts';

/** The keys of reconnect tickets. */
export const ticketsCheck: Check = {
  name: 'tickets',
  async look({ settings, machine: { clock, read } }) {
    const { enabled, keys, keysFile, lifetimeSecondsMax } = settings.identity.tickets;
    if (!enabled) return [ok('there are none: each camera that comes back is verified by its token')];
    if (keys.length === 0 && keysFile === null) return [ofOwn(join(settings.dataDirectory, 'ticket-keys.json'), read)];
    const place = keysFile ?? 'identity.tickets.keys';
    try {
      const ring = keysFile === null ? givenTicketKeys(keys) : await sharedTicketKeys(keysFile, clock, {});
      const leftMs = ring.signing.notAfterMs - clock.now();
      ring.close();
      const newest = 'put a new key before it: openssl rand -base64 32';
      if (leftMs <= 0) return [problem(`the key in ${place} that signs has ended`, newest)];
      const found = [ok(`${place} has a key that signs`)];
      if (leftMs < lifetimeSecondsMax * 1000)
        found.push(warning(`it ends before the tickets that it signs now do`, newest));
      return [...found, ...(keysFile === null ? [] : ofMode(keysFile))];
    } catch (thrown) {
      return [
        problem(`${place}: ${whyOf(thrown)}`, 'write one key on each line, the newest first: openssl rand -base64 32'),
      ];
    }
  },
};

function ofOwn(file: string, read: (path: string) => string | undefined): Finding {
  const text = read(file);
  if (text === undefined)
    return unknown(
      `${file} cannot be read, or is not there yet`,
      'the relay makes it as it starts; look again as the user that it runs as',
    );
  return ok(`the relay changes its own, in ${file}`);
}

function ofMode(file: string): Finding[] {
  const mode = statSync(file).mode & 0o777;
  if ((mode & 0o077) === 0) return [];
  return [warning(`${file} can be read by others (mode ${mode.toString(8)})`, `chmod 600 ${file}`)];
}
