import type { Settings } from '../config/index.ts';

/**
 * Starts a relay of these settings on ports that nobody knows, and ends it: what cannot be had is found now. Throws as
 * `startServer` does.
 */
export async function trial(settings: Settings): Promise<void> {
  const { startServer } = await import('../server.ts');
  const aside = { host: '127.0.0.1', port: 0 };
  const tried: Settings = {
    ...settings,
    http: { ...settings.http, ...aside },
    relay: { ...settings.relay, port: 0, tcpPort: settings.relay.tcpPort === 'off' ? 'off' : 'same' },
    operations: aside,
    admin: { ...settings.admin, port: 0 },
    // Its first record would say that the relay which is running there has been killed.
    audit: { ...settings.audit, enabled: false },
    telemetry: { logLevel: 'silent' },
  };
  const server = await startServer(tried, { isTrial: true });
  await server.close();
}
