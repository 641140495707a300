import type { Soon } from '../../base/index.ts';

/** One HTTP request, whichever server took it. */
export interface HttpRequest {
  /** Upper case. */
  readonly method: string;
  /** The path alone, still percent-encoded, beginning with `/`. */
  readonly path: string;
  /** What follows the first `?`, without it; may carry a token: never log it. */
  readonly query: string;
  /** A header by its lower-case name; repeated headers are joined by `, `. */
  header(name: string): string | undefined;
  /** The client's IP address in its shortest form, IPv4-mapped IPv6 as IPv4: the peer's, or what a trusted proxy says. */
  readonly remoteAddress: string;
  /** Aborted when the client goes away before the response is written. */
  readonly aborted: AbortSignal;
  /**
   * The whole body as bytes, asked for once. Throws `message-too-large` past `bytesMax` or the transport's own
   * `messageBytesMax`, `request-timeout` when it takes longer than `limits.requestBodyMsMax`, and `peer-gone` when the
   * client goes away: nobody's fault, and nobody reads the answer.
   */
  body(bytesMax: number): Promise<Buffer>;
}

export interface HttpResponse {
  /** 200 to 599. */
  readonly status: number;
  /** The transport itself writes `Content-Length` and `Connection`; given here, they are ignored. */
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Uint8Array;
}

/** What to do with a request to upgrade: refuse it as HTTP, or open a WebSocket. */
export type UpgradeDecision =
  | { readonly refuse: HttpResponse }
  | {
      /** One of those that the client offered, or empty for none. */
      readonly subprotocol: string;
      /** What the handshake has beside its own headers, by lower-case names. */
      readonly headers?: Readonly<Record<string, string>> | undefined;
      open(connection: Connection): ConnectionHandlers;
    };

/** An open WebSocket. */
export interface Connection {
  readonly remoteAddress: string;
  /**
   * Sends a text message. False: nothing was sent, because the connection is gone, or because more than
   * `sendBufferBytesMax` would wait and the connection is now closed for that (1013).
   */
  send(text: string): boolean;
  /**
   * Closes with a code (1000 to 4999, RFC 6455 section 7.4) and a reason of at most 123 bytes. Throws a TypeError for
   * others. Calling it twice does nothing.
   */
  close(code: number, reason: string): void;
}

/** What a handler throws closes its connection with 1011. */
export interface ConnectionHandlers {
  /** Never called again once either side has begun to close. */
  message(text: string): void;
  /**
   * Called exactly once, when the connection is gone for whatever reason, and never from inside `send` or `close`.
   * `code` is the one that this side closed with, the peer's, or the one of its offence: 1002 a malformed frame, 1003 a
   * binary message, 1007 text that is not UTF-8, 1009 a message too large; 1006 when the connection was lost.
   */
  closed(code: number): void;
}

export interface TransportHandlers {
  /** Answers a request. What it throws becomes a bare 500. */
  request(request: HttpRequest): Promise<HttpResponse>;
  /** Decides on an upgrade. It is asked before a byte of the WebSocket's own is written. What it throws becomes a bare 500. */
  upgrade(request: HttpRequest): Soon<UpgradeDecision>;
  /**
   * Whether somebody may wait while others are served, by how the first request begins: its first line and some of its headers, in clear. It says
   * nothing of who it is. Left out: nobody.
   */
  canWait?(beginning: string): boolean;
}

export interface TransportSettings {
  readonly host: string;
  /** 0 lets the system choose. */
  readonly port: number;
  readonly tls: { readonly certificateFile: string; readonly keyFile: string } | undefined;
  /** Longest message, and longest body of a request, in bytes; a longer message closes the connection with 1009. */
  readonly messageBytesMax: number;
  readonly sendBufferBytesMax: number;
  /** Open TCP connections; whatever the ones beyond ask for is answered 503 with `Retry-After`. */
  readonly connectionsMax: number;
  /** Addresses and networks of proxies whose `X-Forwarded-For` is believed. Undefined: none. */
  readonly trustedProxies?: readonly string[] | undefined;
  /** A ping is sent to a peer that was silent for so long; after twice as long (and a quarter) its connection is closed. */
  readonly keepAliveMs: number;
}

/** What a transport takes while it serves. */
export type RenewableSettings = Pick<TransportSettings, 'tls' | 'connectionsMax' | 'trustedProxies'>;

/** What a transport has to tell. Every value comes from a closed set. */
export interface TransportObserver {
  /** Which server listens, and why it was taken. `why` is for a person. */
  listening?(name: Transport['name'], why: string): void;
  /** How many TCP connections are open, whenever that changes. */
  connections?(open: number): void;
  /** A request or an upgrade was refused before any handler was asked. */
  refused?(reason: TransportRefusal): void;
  /** The transport ended a WebSocket on its own account. */
  dropped?(reason: DropReason): void;
  /** A handler threw, gave a response that cannot be written, or the server itself failed at a connection. */
  fault?(error: unknown): void;
}

export type TransportRefusal = 'overloaded' | 'request-malformed' | 'headers-too-large';
export type DropReason = 'slow' | 'silent' | 'too-large' | 'binary' | 'malformed';

/** An HTTP and WebSocket server. Both implementations pass the contract suite in `test/contracts`. */
export interface Transport {
  readonly name: 'uws' | 'ws';
  readonly port: number;
  /** How many have connected and are not served yet, while others are; always 0 where nobody is told to wait so. */
  readonly held: number;
  /**
   * Serves new connections by other settings; those that are open live on. The files of TLS are read again; TLS is neither begun nor ended
   * by it. Throws `settings-invalid`, and has changed nothing then.
   */
  renew(settings: RenewableSettings): Promise<void>;
  /** From here on each answer ends its HTTP connection, so that its client makes the next one elsewhere. Open WebSockets are left alone. */
  letGo(): void;
  /**
   * Takes no new connections, closes the open WebSockets with 1001, and resolves when all are gone or after `graceMs`. Whoever has connected and
   * was not served yet is cut off.
   */
  close(graceMs: number): Promise<void>;
}
