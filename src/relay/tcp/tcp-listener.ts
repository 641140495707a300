import { createServer, type Server, type Socket } from 'node:net';
import { type Clock, canonicalHost, LatchkeyError, limits } from '../../base/index.ts';
import type { Place } from '../wire/path.ts';
import { TcpConnections } from './connections.ts';
import type { TcpCloseReason, TcpCounters } from './counters.ts';

export interface TcpSettings {
  /** The IP addresses to listen at, one or more; `::` for all, IPv4 as well. */
  readonly hosts: readonly string[];
  /** 0 for one that is free. */
  readonly port: number;
  /** Fewer places than `limits.tcpConnectionsMax`. */
  readonly connectionsMax?: number;
  /** Fewer places than `limits.tcpConnectionsUnclaimedMax`. */
  readonly unclaimedMax?: number;
}

export interface TcpEvents {
  /**
   * A frame came. `bytes` from `start` to `end` are the listener's own again when the call returns. Until the connection is
   * claimed these are frames that look like Binding requests, and nothing else.
   */
  datagram(connection: number, remote: Place, local: Place, bytes: Buffer, start: number, end: number): void;
  /** A connection has ended that was not released: told once, and never from within a call to the listener. */
  closed(connection: number, reason: TcpCloseReason): void;
}

export interface TcpPowers {
  readonly clock: Clock;
  /** Called with the descriptor of each connection, where the system has one, to set what Node cannot. */
  readonly prepare?: (descriptor: number) => void;
}

/**
 * Passive TCP candidates (RFC 6544): one port at which endpoints connect, and frames (RFC 4571) both ways. A connection is a
 * stranger's until its owner claims it: it has `limits.tcpUnclaimedMsMax` for a check, and not a byte is written to it.
 */
export interface TcpListener {
  /** The first host that was asked for, and the real port. */
  readonly address: Place;
  readonly counters: Readonly<TcpCounters>;
  /** Connections that are open now, claimed or not. */
  readonly open: number;
  /** Those of them that nobody has claimed. */
  readonly unclaimed: number;
  /**
   * Sends a copy of `bytes` from `start` to `end` as one frame, or counts that it did not; never throws. The first frame on
   * a connection has to be STUN: until then all else is lost, since Chromium would close the connection for it.
   */
  send(connection: number, bytes: Buffer, start: number, end: number): void;
  /** A check from it was valid: from here on it lives until no frame comes for `limits.sideSilentMsMax`. */
  claim(connection: number): void;
  /** Ends a connection; what waits for it is gone. Nothing happens when it has ended already. */
  release(connection: number): void;
  /** Ends every connection and lets go of the port. Calling it twice does nothing. */
  close(): Promise<void>;
}

/** Opens a listener at every host, on one port. Throws `settings-invalid` when it cannot be bound. */
export async function openTcpListener(
  settings: TcpSettings,
  powers: TcpPowers,
  events: TcpEvents,
): Promise<TcpListener> {
  const hosts = settings.hosts.map(demandHost);
  const [first] = hosts;
  if (first === undefined) throw new LatchkeyError('settings-invalid', 'relay: no address to listen at for TCP');
  const connections = new TcpConnections(settings, powers.clock, events);
  const servers: Server[] = [];
  let { port } = settings;
  const close = async () => {
    const ended = servers.map(closed);
    connections.releaseAll();
    await Promise.all(ended);
  };
  try {
    for (const host of hosts) {
      const server = createServer({ highWaterMark: limits.tcpSocketBytesMax }, (socket) => {
        const descriptor = descriptorOf(socket);
        if (descriptor !== undefined) powers.prepare?.(descriptor);
        connections.accept(socket);
      });
      port = await listening(server, host, port);
      servers.push(server);
      server.on('error', () => {
        connections.counters.acceptErrors++;
      });
    }
  } catch (error) {
    await close();
    throw error;
  }
  return {
    address: { host: first, port },
    counters: connections.counters,
    get open() {
      return connections.open;
    },
    get unclaimed() {
      return connections.unclaimed;
    },
    send: (connection, bytes, start, end) => connections.send(connection, bytes, start, end),
    claim: (connection) => connections.claim(connection),
    release: (connection) => connections.release(connection),
    close,
  };
}

/** Node keeps it to itself, and has none on Windows. */
function descriptorOf(socket: Socket): number | undefined {
  const { _handle } = socket as Socket & { readonly _handle?: { readonly fd?: number } | null };
  return typeof _handle?.fd === 'number' && _handle.fd >= 0 ? _handle.fd : undefined;
}

function demandHost(text: string): string {
  const host = canonicalHost(text);
  if (host === undefined) throw new LatchkeyError('settings-invalid', `relay: ${text} is not an IP address`);
  return host;
}

/** Resolves to the real port. */
function listening(server: Server, host: string, port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    const refuse = (error: Error) => {
      const what = `relay: TCP ${host} port ${port} cannot be bound: ${error.message}`;
      reject(new LatchkeyError('settings-invalid', what, { cause: error }));
    };
    server.once('error', refuse);
    server.listen({ host, port, ipv6Only: false }, () => {
      server.off('error', refuse);
      const address = server.address();
      resolve(typeof address === 'object' && address !== null ? address.port : port);
    });
  });
}

function closed(server: Server): Promise<void> {
  return new Promise((resolve) => server.close(() => resolve()));
}
