import { readFileSync } from 'node:fs';
import { ownTokenFile } from '../../src/wiring/index.ts';
import { describedFetch } from './described-fetch.ts';
import type { RunningRelay } from './running-relay.ts';

/** The credential that a relay has made itself. */
export function ownCredential({ settings }: Pick<RunningRelay, 'settings'>): string {
  return JSON.parse(readFileSync(ownTokenFile(settings.dataDirectory), 'utf8')) as string;
}

export type DescribedAsk = ReturnType<typeof describedFetch>;

/** Asks the admin API of a relay of a test, with the relay’s own credential. */
export function ownAdmin(relay: Pick<RunningRelay, 'settings' | 'server'>): DescribedAsk {
  return describedFetch(relay.server.adminUrl, ownCredential(relay));
}
