import { join } from 'node:path';
import { type AdminObserver, type AdminSettings, newAdminToken, readCredentials } from '../admin/index.ts';
import { limits, type RandomSource, Redacted } from '../base/index.ts';
import { givenText, keptSecret, type Settings } from '../config/index.ts';
import type { Log, Metrics } from '../telemetry/index.ts';
import { fault } from './observers.ts';

/**
 * What the admin port needs of the settings, with its files read: also for taking them anew. Throws `settings-invalid` for files that
 * cannot be had, or hold no credentials.
 */
export async function adminSettings(
  { admin, dataDirectory }: Settings,
  random: RandomSource,
  version: string,
): Promise<AdminSettings> {
  const { host, port, names, tls, tokenFile } = admin;
  return {
    host,
    port,
    names,
    version,
    credentials:
      tokenFile === null
        ? [{ name: 'operator', token: await ownToken(dataDirectory, random) }]
        : readCredentials(givenText(tokenFile)),
    tls:
      tls === null
        ? undefined
        : {
            certificate: givenText(tls.certificateFile, limits.certificatesBytesMax),
            key: givenText(tls.keyFile),
          },
  };
}

/** Where the relay keeps the credential that it made itself. */
export function ownTokenFile(dataDirectory: string): string {
  return join(dataDirectory, 'admin-token');
}

async function ownToken(dataDirectory: string, random: RandomSource): Promise<Redacted<string>> {
  return new Redacted(await keptSecret(ownTokenFile(dataDirectory), async () => newAdminToken(random)));
}

export function adminObserver(metrics: Metrics, log: Log): AdminObserver {
  return {
    asked: (operation, outcome) => metrics.count('latchkey_admin_requests_total', { operation, outcome }),
    refused: (code) => log.debug('an admin request was refused', { code }),
    unrecorded: (error) => log.error('an act could not be recorded', error),
    internal: (error) => fault(metrics, log, error),
  };
}
