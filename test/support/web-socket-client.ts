import { type ClientOptions, WebSocket } from 'ws';

/** A WebSocket client for tests that waits on events: messages are queued until they are asked for. */
export class WebSocketClient {
  readonly socket: WebSocket;
  /** Resolves when the connection is gone. */
  readonly closed: Promise<{ code: number; reason: string }>;
  readonly #messages: string[] = [];
  #wake = Promise.withResolvers<void>();

  private constructor(socket: WebSocket) {
    this.socket = socket;
    socket.on('error', () => {});
    socket.on('message', (data) => {
      this.#messages.push(data.toString());
      this.#wake.resolve();
      this.#wake = Promise.withResolvers<void>();
    });
    this.closed = new Promise((resolve) => {
      socket.once('close', (code, reason) => resolve({ code, reason: reason.toString() }));
    });
  }

  /** Opens a WebSocket. Throws when it is refused. */
  static async open(url: string, subprotocols: string[] = [], options: ClientOptions = {}): Promise<WebSocketClient> {
    const socket = new WebSocket(url, subprotocols, { perMessageDeflate: false, ...options });
    const client = new WebSocketClient(socket);
    await new Promise((resolve, reject) => {
      socket.once('open', resolve);
      socket.once('error', reject);
    });
    return client;
  }

  /** Asks for a WebSocket and resolves to the HTTP response that refuses it. Throws when it opens. */
  static refusal(
    url: string,
    options: ClientOptions = {},
  ): Promise<{ status: number; headers: NodeJS.Dict<string | string[]>; body: string }> {
    const socket = new WebSocket(url, options);
    return new Promise((resolve, reject) => {
      socket.once('open', () => reject(new Error('the WebSocket opened')));
      socket.once('error', reject);
      socket.once('unexpected-response', (_request, response) => {
        let body = '';
        response.setEncoding('utf8');
        response.on('data', (chunk: string) => {
          body += chunk;
        });
        response.once('end', () => resolve({ status: response.statusCode ?? 0, headers: response.headers, body }));
      });
    });
  }

  /** The next message, or an error when the connection ends before it comes. */
  async next(): Promise<string> {
    for (;;) {
      const message = this.#messages.shift();
      if (message !== undefined) return message;
      const ended = await Promise.race([this.#wake.promise, this.closed]);
      if (ended !== undefined && this.#messages.length === 0) throw new Error(`closed with ${ended.code}`);
    }
  }
}
