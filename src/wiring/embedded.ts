import { mkdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { type Clock, LatchkeyError, makeFile, type RandomSource, systemClock } from '../base/index.ts';
import { keptSecret, replaceSecret, type Settings } from '../config/index.ts';
import {
  createDevelopmentIssuer,
  type DevelopmentIssuer,
  givenTicketKeys,
  keptTicketKeys,
  sharedTicketKeys,
  type TicketKeys,
  type TicketKeysObserver,
} from '../identity/index.ts';
import { openSqliteSource, type SourceObserver, type SqliteSource } from '../ownership/index.ts';

/**
 * The issuer of development tokens, whose key lies in the data directory; `development:` goes before its subjects where
 * there are other issuers. Throws `settings-invalid` in production.
 */
export function developmentIssuerOf(settings: Settings, clock: Clock = systemClock): Promise<DevelopmentIssuer> {
  return createDevelopmentIssuer({
    keyFile: join(settings.dataDirectory, 'development-issuer.json'),
    issuer: 'latchkey-development',
    ...(settings.identity.issuers.length > 0 && { namespace: 'development:' }),
    mode: settings.mode,
    audiences: settings.identity.audiences,
    clock,
  });
}

/**
 * The keys of reconnect tickets: those of the settings, those of a file that relays share, or the relay's own in the data directory.
 * Undefined where there are no tickets. Throws `settings-invalid` for keys that cannot be used.
 */
export async function openTicketKeys(
  settings: Settings,
  powers: { readonly clock: Clock; readonly random: RandomSource },
  observer: TicketKeysObserver,
): Promise<TicketKeys | undefined> {
  const { enabled, keys, keysFile, rotateSeconds, lifetimeSecondsMax } = settings.identity.tickets;
  if (!enabled) return undefined;
  if (keys.length > 0) return givenTicketKeys(keys);
  if (keysFile !== null) return await sharedTicketKeys(keysFile, powers.clock, observer);
  const file = join(settings.dataDirectory, 'ticket-keys.json');
  const store = {
    load: <T>(make: () => Promise<T>) => keptSecret(file, make),
    save: async (ring: unknown) => replaceSecret(file, ring),
  };
  return await keptTicketKeys({ store, rotateSeconds, lifetimeSecondsMax, ...powers, observer });
}

/** The embedded database of who may see what. Throws `settings-invalid` where the settings have none. */
export function openEmbeddedOwnership(
  settings: Settings,
  clock: Clock = systemClock,
  observer: SourceObserver = {},
): SqliteSource {
  if (settings.ownership.source !== 'sqlite') {
    throw new LatchkeyError(
      'settings-invalid',
      'ownership.source: these settings have no embedded database ("sqlite")',
    );
  }
  const file = settings.ownership.file ?? join(settings.dataDirectory, 'ownership.sqlite');
  mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
  // Whoever makes the file says who may read it: it tells who lives where.
  makeFile(file);
  return openSqliteSource({ file, clock, observer });
}
