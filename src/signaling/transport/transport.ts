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
  /** The peer's IP address in its shortest form, IPv4-mapped IPv6 as IPv4. */
  readonly remoteAddress: string;
  /** Aborted when the client goes away before the response is written. */
  readonly aborted: AbortSignal;
  /** The whole body as bytes. Throws `message-too-large` past `bytesMax`, and `internal` when the client goes away. */
  body(bytesMax: number): Promise<Buffer>;
}

export interface HttpResponse {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Uint8Array;
}

/** What to do with a request to upgrade: refuse it as HTTP, or open a WebSocket. */
export type UpgradeDecision =
  | { readonly refuse: HttpResponse }
  | { readonly subprotocol: string; open(connection: Connection): ConnectionHandlers };

/** An open WebSocket. */
export interface Connection {
  readonly remoteAddress: string;
  /** Sends a text message. False: more than `sendBufferBytesMax` would wait, nothing was sent, and the connection is closed (1013). */
  send(text: string): boolean;
  /** Closes with a code (1000 to 4999) and a reason of at most 123 bytes. Calling it twice does nothing. */
  close(code: number, reason: string): void;
}

export interface ConnectionHandlers {
  message(text: string): void;
  /** Called exactly once, when the connection is gone for whatever reason. */
  closed(code: number): void;
}

export interface TransportHandlers {
  /** Answers a request. What it throws becomes a bare 500. */
  request(request: HttpRequest): Promise<HttpResponse>;
  /** Decides on an upgrade. It is asked before a byte of the WebSocket's own is written. */
  upgrade(request: HttpRequest): Promise<UpgradeDecision>;
}

export interface TransportSettings {
  readonly host: string;
  /** 0 lets the system choose. */
  readonly port: number;
  readonly tls: { readonly certificateFile: string; readonly keyFile: string } | undefined;
  /** Longest message in bytes; a longer one closes the connection with 1009. */
  readonly messageBytesMax: number;
  readonly sendBufferBytesMax: number;
  readonly connectionsMax: number;
  /** A ping is sent after that long; a connection silent for twice as long is closed. */
  readonly keepAliveMs: number;
}

/** An HTTP and WebSocket server. Both implementations pass the contract suite in `test/contracts`. */
export interface Transport {
  readonly name: 'uws' | 'ws';
  readonly port: number;
  /** Takes no new connections, closes the open WebSockets with 1001, and resolves when all are gone or after `graceMs`. */
  close(graceMs: number): Promise<void>;
}
