import { closeSync, mkdirSync, openSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { type Clock, LatchkeyError, systemClock } from './base/index.ts';
import type { Settings } from './config/index.ts';
import { createDevelopmentIssuer, type DevelopmentIssuer } from './identity/index.ts';
import { openSqliteSource, type SqliteSource } from './ownership/index.ts';

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

/** The embedded database of who may see what. Throws `settings-invalid` where the settings have none. */
export function openEmbeddedOwnership(settings: Settings, clock: Clock = systemClock): SqliteSource {
  if (settings.ownership.source !== 'sqlite') {
    throw new LatchkeyError(
      'settings-invalid',
      'ownership.source: these settings have no embedded database ("sqlite")',
    );
  }
  const file = settings.ownership.file ?? join(settings.dataDirectory, 'ownership.sqlite');
  mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
  // Whoever makes the file says who may read it: it tells who lives where.
  closeSync(openSync(file, 'a', 0o600));
  return openSqliteSource({ file, clock });
}
