import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo, Socket } from 'node:net';
import { createSecureContext } from 'node:tls';
import { asLatchkeyError, canonicalHost, isLoopback, LatchkeyError, limits, Strangers } from '../base/index.ts';
import type { WebAssets } from '../web/index.ts';
import { Api, type ApiParts, type ApiReply, problemReply } from './api.ts';
import { type Credential, Credentials } from './credentials.ts';
import { Failures } from './failures.ts';
import { History } from './history.ts';
import { isOwnHost } from './hosts.ts';
import { openApi } from './openapi.ts';
import { createStatusPage } from './page.ts';
import type { AdminObserver, AdminPowers } from './powers.ts';
import { AdminRecord } from './record.ts';

/** PEM texts. */
export interface AdminTls {
  readonly certificate: string;
  readonly key: string;
}

export interface AdminSettings {
  readonly host: string;
  readonly port: number;
  readonly credentials: readonly Credential[];
  readonly tls: AdminTls | undefined;
  /** Host names that it goes by, beside `localhost` and addresses. */
  readonly names: readonly string[];
  readonly version: string;
}

/** The admin port: the API under `/v1`, and the status page. */
export interface Admin {
  readonly port: number;
  readonly url: string;
  /** Makes what takes these credentials and this certificate; open connections go on. Throws `settings-invalid` and has changed nothing. */
  prepare(fresh: Pick<AdminSettings, 'credentials' | 'tls'>): () => void;
  close(): Promise<void>;
}

/**
 * Opens the admin port. Throws `settings-invalid` when it cannot be had, when the certificate cannot be used, and for an address
 * beyond loopback without TLS: the credential would travel in clear.
 */
export async function openAdmin(
  settings: AdminSettings,
  powers: AdminPowers,
  observer: AdminObserver = {},
): Promise<Admin> {
  demandSealed(settings);
  const page = createStatusPage();
  const credentials = new Credentials(settings.credentials);
  const server = serverOf(settings.tls);
  const history = new History(powers.clock, () => powers.status());
  const api = new Api({
    powers,
    history,
    credentials,
    description: openApi(settings.version),
    failures: new Failures(powers.clock),
    record: new AdminRecord(powers.audit, powers.clock, observer),
    observer,
    internal: (error) => observer.internal?.(error),
  } satisfies ApiParts);
  server.on('request', (request: IncomingMessage, response: ServerResponse) => {
    answered(request, api, page, settings.names).then(
      (reply) => write(request, response, reply),
      (error) => write(request, response, problemReply(asLatchkeyError(error), false)),
    );
  });
  try {
    await listening(server, settings);
  } catch (error) {
    history.stop();
    throw error;
  }
  const { port } = server.address() as AddressInfo;
  const { host } = settings;
  const named = host === '::' || host === '0.0.0.0' ? 'localhost' : host.includes(':') ? `[${host}]` : host;
  return {
    port,
    url: `${settings.tls === undefined ? 'http' : 'https'}://${named}:${port}`,
    prepare(fresh) {
      usable(() => createSecureContext(secureContext(fresh.tls)));
      return () => {
        if (fresh.tls !== undefined && 'setSecureContext' in server) server.setSecureContext(secureContext(fresh.tls));
        credentials.replace(fresh.credentials);
      };
    },
    close() {
      history.stop();
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      server.closeAllConnections();
      return closed;
    },
  };
}

/** What is said to a request, page or API; the API's own errors are replies. */
async function answered(
  request: IncomingMessage,
  api: Api,
  page: WebAssets,
  names: readonly string[],
): Promise<ApiReply | { status: number; headers: Readonly<Record<string, string>>; body: Uint8Array }> {
  if (!isOwnHost(request.headers.host, names)) throw new LatchkeyError('host-unknown');
  const target = request.url ?? '';
  if (!target.startsWith('/')) throw new LatchkeyError('request-malformed');
  const [path = '', ...rest] = target.split('?');
  const method = request.method ?? '';
  if (path !== '/v1' && !path.startsWith('/v1/')) {
    const found = page.serve(method, path, request.headers['if-none-match']);
    if (found === undefined) throw new LatchkeyError('not-found');
    return found;
  }
  return await api.answer({
    method,
    path,
    query: new URLSearchParams(rest.join('?')),
    remoteAddress: canonicalHost(request.socket.remoteAddress ?? '') ?? '',
    header: (name) => [request.headers[name]].flat()[0],
    body: () => bodyOf(request),
  });
}

/** Throws `message-too-large` beyond `limits.adminBodyBytesMax`, and `request-malformed` where it breaks off. */
async function bodyOf(request: IncomingMessage): Promise<Buffer> {
  if (Number(request.headers['content-length'] ?? 0) > limits.adminBodyBytesMax) {
    throw new LatchkeyError('message-too-large');
  }
  const parts: Buffer[] = [];
  let length = 0;
  try {
    for await (const part of request) {
      length += (part as Buffer).length;
      if (length > limits.adminBodyBytesMax) throw new LatchkeyError('message-too-large');
      parts.push(part as Buffer);
    }
  } catch (error) {
    throw error instanceof LatchkeyError ? error : new LatchkeyError('request-malformed', 'the body broke off');
  }
  return Buffer.concat(parts);
}

type Written = { status: number; headers: Readonly<Record<string, string>>; body: string | Uint8Array };

function write(request: IncomingMessage, response: ServerResponse, { status, headers, body }: Written): void {
  if (response.destroyed) return;
  const isWhole = request.complete || request.method === 'GET' || request.method === 'HEAD';
  response.writeHead(status, {
    'Cache-Control': 'no-store',
    'Content-Security-Policy': "default-src 'none'; frame-ancestors 'none'",
    'X-Content-Type-Options': 'nosniff',
    'Cross-Origin-Resource-Policy': 'same-origin',
    'Referrer-Policy': 'no-referrer',
    ...headers,
    ...(status !== 304 && { 'Content-Length': Buffer.byteLength(body) }),
    // What is left of a body is not read to its end.
    ...(!isWhole && { Connection: 'close' }),
  });
  response.end(request.method === 'HEAD' ? undefined : body);
}

function demandSealed({ host, tls }: AdminSettings): void {
  if (tls !== undefined || host === 'localhost' || isLoopback(canonicalHost(host) ?? '')) return;
  throw new LatchkeyError(
    'settings-invalid',
    `admin.host: on ${host} the credential would travel in clear; set admin.tls, or listen on 127.0.0.1`,
  );
}

function serverOf(tls: AdminTls | undefined) {
  const bounds = {
    requestTimeout: limits.requestBodyMsMax,
    headersTimeout: limits.requestHeaderMsMax,
    keepAliveTimeout: limits.httpIdleMsMax,
    maxHeaderSize: limits.requestHeaderBytesMax,
  };
  const server =
    tls === undefined ? createServer(bounds) : usable(() => createTlsServer({ ...bounds, ...secureContext(tls) }));
  server.maxConnections = limits.adminConnectionsMax;
  server.maxHeadersCount = limits.requestHeadersMax;
  server.setTimeout(limits.adminAnswerMsMax);
  server.on('connection', seated());
  server.on('clientError', refuseUnread);
  server.on('tlsClientError', () => {});
  return server;
}

/** Gives each connection a place; one address, beyond this machine, has a share of them and not all. */
function seated(): (socket: Socket) => void {
  const places = new Strangers<Socket>(limits.adminConnectionsMax, limits.adminConnectionsPerAddressMax);
  return (socket) => {
    const host = canonicalHost(socket.remoteAddress ?? '') ?? '';
    if (!places.hasRoomFor(host)) return void socket.destroy();
    places.add(socket, host);
    socket.once('close', () => places.delete(socket));
  };
}

function secureContext(tls: AdminTls | undefined) {
  return { cert: tls?.certificate, key: tls?.key, minVersion: 'TLSv1.2' as const };
}

function usable<T>(make: () => T): T {
  try {
    return make();
  } catch (error) {
    throw new LatchkeyError('settings-invalid', `admin.tls: ${(error as Error).message}`, { cause: error });
  }
}

/** What could not be read as a request. */
function refuseUnread(error: NodeJS.ErrnoException, socket: Socket): void {
  if (!socket.writable || error.code === 'ECONNRESET') return void socket.destroy();
  const code =
    error.code === 'HPE_HEADER_OVERFLOW'
      ? 'headers-too-large'
      : error.code === 'ERR_HTTP_REQUEST_TIMEOUT'
        ? 'request-timeout'
        : 'request-malformed';
  const { status, body } = problemReply(new LatchkeyError(code), false);
  socket.end(
    `HTTP/1.1 ${status} ${code}\r\nContent-Type: application/problem+json\r\nContent-Length: ${Buffer.byteLength(body)}\r\nConnection: close\r\n\r\n${body}`,
  );
}

function listening(server: Server, { host, port }: AdminSettings): Promise<void> {
  return new Promise((resolve, reject) => {
    const refused = (error: Error) => {
      const what = `admin: ${host} port ${port} cannot be listened on: ${error.message}`;
      reject(new LatchkeyError('settings-invalid', what, { cause: error }));
    };
    server.once('error', refused);
    server.listen(port, host, () => {
      // A connection that fails to be accepted later is that connection's loss alone.
      server.off('error', refused).on('error', () => {});
      resolve();
    });
  });
}
