import { isLoopback, limits } from '../base/index.ts';
import type { Settings } from '../config/index.ts';
import { openTransport, type Signaling, type Transport } from '../signaling/index.ts';
import type { Means } from './means.ts';
import { fault } from './observers.ts';
import { bindable } from './part-settings.ts';
import type { Standing } from './readings.ts';

const closeGraceMs = 2_000;

/** Opens HTTP and WebSocket for everybody. Throws `settings-invalid` when the port or the certificate cannot be had. */
export async function openPublicPort(
  { settings, clock, random, log, metrics, started }: Means,
  signaling: Signaling,
  standing: Standing,
): Promise<Transport> {
  const { server, ...listen } = settings.http;
  const bounds = {
    messageBytesMax: limits.messageBytesMax,
    sendBufferBytesMax: limits.sendBufferBytesMax,
    keepAliveMs: limits.keepAliveMs,
  };
  const transport = await openTransport(
    signaling,
    { ...listen, ...bounds, host: bindable(listen.host), tls: listen.tls ?? undefined },
    server,
    {
      clock,
      random,
      observer: {
        listening(name, why) {
          standing.build = { ...standing.build, transport: name };
          log.info('listening', { name, why });
        },
        connections: (open) => {
          standing.connections = open;
        },
        refused: (reason) => metrics.count('latchkey_connections_refused_total', { reason }),
        dropped: (reason) => metrics.count('latchkey_connections_dropped_total', { reason }),
        fault: (error) => fault(metrics, log, error),
      },
    },
  );
  started.defer(() => transport.close(closeGraceMs));
  if (listen.tls === null && listen.host !== 'localhost' && !isLoopback(listen.host)) {
    log.warn('tokens travel in clear: set http.tls, or listen on loopback behind a proxy that ends TLS');
  }
  return transport;
}

/** Where that port answers on this machine. */
export function publicUrl({ http }: Settings, port: number): string {
  return `${http.tls === null ? 'http' : 'https'}://${nameHere(http.host)}:${port}`;
}

/** A name for this machine's own use: every address is also `localhost`. */
function nameHere(host: string): string {
  if (host === '::' || host === '0.0.0.0') return 'localhost';
  return host.includes(':') ? `[${host}]` : host;
}
