import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { LatchkeyError } from '../base/index.ts';
import type { Metrics } from './metrics.ts';

/** What `/readyz` says: whether this relay should get new work. */
export type Readiness = 'starting' | 'ready' | 'draining' | 'stopping';

export interface Operations {
  readonly port: number;
  close(): Promise<void>;
}

/** The operators' own port: `/metrics`, `/healthz`, `/readyz`. Throws `settings-invalid` when the port cannot be had. */
export async function openOperations(
  at: { readonly host: string; readonly port: number },
  metrics: Metrics,
  readiness: () => Readiness,
): Promise<Operations> {
  const server = createServer({ requestTimeout: 10_000, headersTimeout: 5_000 }, (request, response) => {
    const reply = (status: number, type: string, body: string) => {
      response.writeHead(status, {
        'content-type': type,
        'cache-control': 'no-store',
        'content-length': Buffer.byteLength(body),
      });
      response.end(request.method === 'HEAD' ? undefined : body);
    };
    if (request.method !== 'GET' && request.method !== 'HEAD') return reply(405, 'text/plain', 'GET only\n');
    switch (request.url?.split('?')[0]) {
      case '/metrics':
        metrics.text().then(
          (text) => reply(200, metrics.contentType, text),
          () => reply(500, 'text/plain', 'the metrics could not be read\n'),
        );
        return;
      case '/healthz':
        return reply(200, 'text/plain', 'alive\n');
      case '/readyz':
        return reply(readiness() === 'ready' ? 200 : 503, 'text/plain', `${readiness()}\n`);
      default:
        return reply(404, 'text/plain', 'Here are /metrics, /healthz and /readyz.\n');
    }
  });
  server.maxConnections = 64;
  await listening(server, at);
  return {
    port: (server.address() as AddressInfo).port,
    close() {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      server.closeAllConnections();
      return closed;
    },
  };
}

function listening(server: Server, at: { host: string; port: number }): Promise<void> {
  return new Promise((resolve, reject) => {
    const refused = (error: Error) => {
      const what = `operations: ${at.host} port ${at.port} cannot be listened on: ${error.message}`;
      reject(new LatchkeyError('settings-invalid', what, { cause: error }));
    };
    server.once('error', refused);
    server.listen(at.port, at.host, () => {
      // A connection that fails to be accepted later is that connection's loss alone.
      server.off('error', refused).on('error', () => {});
      resolve();
    });
  });
}
