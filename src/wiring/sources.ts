import { LatchkeyError, limits } from '../base/index.ts';
import { givenSecret, givenText, type Settings } from '../config/index.ts';
import {
  claimsSource,
  type GrantBook,
  type OwnershipSource,
  openPostgresBook,
  openPostgresSource,
  openServiceSource,
  type PostgresSettings,
  refusingSource,
  type ServicePowers,
} from '../ownership/index.ts';
import { openEmbeddedOwnership } from './embedded.ts';

/**
 * The source that the settings name. Nothing needs to be reachable yet. Throws `settings-invalid` for what can never work: a secret that
 * is not there, a file that cannot be read, an address that is not safe.
 */
export function openOwnershipSource(
  settings: Settings,
  environment: NodeJS.ProcessEnv,
  powers: ServicePowers,
): OwnershipSource {
  const { source, http } = settings.ownership;
  switch (source) {
    case 'none':
      return refusingSource();
    case 'sqlite':
      return openEmbeddedOwnership(settings, powers.clock, powers.observer);
    case 'postgres':
      return openPostgresSource(postgresSettings(settings, environment), powers);
    case 'claims':
      return claimsSource();
    case 'http': {
      const keys = givenSecret(http.keyFile, 'LATCHKEY_SERVICE_KEYS', environment);
      if (keys === undefined) {
        throw new LatchkeyError('settings-invalid', 'ownership.http.keyFile: name one, or set LATCHKEY_SERVICE_KEYS');
      }
      const ca = certificates(http.caFile);
      return openServiceSource({ url: http.url ?? '', ca, connectionsMax: http.connectionsMax, keys }, powers);
    }
  }
}

/** The database of who may see what, to be written. Throws `settings-invalid` where the settings have none that this program writes. */
export function openGrantBook(settings: Settings, environment: NodeJS.ProcessEnv): GrantBook {
  const { source } = settings.ownership;
  if (source === 'sqlite') return openEmbeddedOwnership(settings);
  if (source === 'postgres') return openPostgresBook(postgresSettings(settings, environment));
  const where = {
    none: 'these settings have no source of ownership, so nobody may see anything',
    http: 'your own service says who owns what ("http"): grant and revoke there',
    claims: 'each viewer’s token says what it may see ("claims"): grant and revoke at its issuer',
  }[source];
  throw new LatchkeyError('settings-invalid', `ownership.source: ${where}`);
}

function certificates(file: string | null): string | undefined {
  return file === null ? undefined : givenText(file, limits.certificatesBytesMax);
}

function postgresSettings({ ownership }: Settings, environment: NodeJS.ProcessEnv): PostgresSettings {
  const { passwordFile, tls, caFile, ...rest } = ownership.postgres;
  return {
    ...rest,
    password: givenSecret(passwordFile, 'LATCHKEY_POSTGRES_PASSWORD', environment),
    tls: tls === 'off' ? undefined : { ca: certificates(caFile) },
  };
}
