import { createServer, type Server, type ServerOptions } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import { limits } from '../../base/index.ts';
import { readTlsFiles } from './listening.ts';
import type { TransportSettings } from './transport.ts';
import { asksForWebSocket } from './upgrade.ts';

/** How often Node.js looks for requests that take too long to arrive, in milliseconds. */
const checkMs = 1_000;

/** Node's HTTP or HTTPS server with every bound that it can keep by itself. Throws `settings-invalid` for bad TLS files. */
export function createHttpServer(settings: TransportSettings): Server {
  const options: ServerOptions = {
    headersTimeout: limits.requestHeaderMsMax,
    // The body's own time is kept where it is read; this is the end for whoever is not read.
    requestTimeout: limits.requestHeaderMsMax + limits.requestBodyMsMax,
    connectionsCheckingInterval: checkMs,
    keepAliveTimeout: limits.httpIdleMsMax,
    maxHeaderSize: limits.requestHeaderBytesMax,
    shouldUpgradeCallback: (request) => asksForWebSocket(request.headers.upgrade),
  };
  const server =
    settings.tls === undefined
      ? createServer(options)
      : createTlsServer({ ...options, ...readTlsFiles(settings.tls), handshakeTimeout: limits.requestHeaderMsMax });
  server.setTimeout(limits.responseStallMsMax);
  return server;
}
