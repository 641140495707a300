import { connect, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';

export interface Reply {
  readonly status: number;
  /** By lower-case name. */
  readonly headers: ReadonlyMap<string, string>;
  readonly body: string;
}

/** A TCP client that sends exactly what a test gives it, and reads HTTP/1.1 responses or whatever else comes back. */
export class RawClient {
  readonly socket: Socket;
  /** Resolves when the connection is gone, from whichever side. */
  readonly closed: Promise<void>;
  #received = Buffer.alloc(0);
  #over = false;
  #wake = Promise.withResolvers<void>();

  private constructor(socket: Socket) {
    this.socket = socket;
    socket.on('data', (chunk: Buffer) => {
      this.#received = Buffer.concat([this.#received, chunk]);
      this.#woken();
    });
    socket.on('error', () => {});
    this.closed = new Promise((resolve) => {
      socket.once('close', () => {
        this.#over = true;
        this.#woken();
        resolve();
      });
    });
  }

  static async connect(port: number, options: { tls?: boolean; host?: string } = {}): Promise<RawClient> {
    const { tls = false, host = '127.0.0.1' } = options;
    const socket = tls ? connectTls({ port, host, rejectUnauthorized: false }) : connect({ port, host });
    const client = new RawClient(socket);
    await new Promise((resolve, reject) => {
      socket.once(tls ? 'secureConnect' : 'connect', resolve);
      socket.once('error', reject);
    });
    return client;
  }

  /** Everything that came and was not read as a reply. */
  get received(): Buffer {
    return this.#received;
  }

  send(data: string | Uint8Array): this {
    if (!this.socket.destroyed) this.socket.write(data);
    return this;
  }

  /** Sends a request with a Host header, and the body's length where there is a body. */
  request(method: string, target: string, headers: readonly string[] = [], body = ''): this {
    const length = body === '' ? [] : [`Content-Length: ${Buffer.byteLength(body)}`];
    const lines = [`${method} ${target} HTTP/1.1`, 'Host: relay.test', ...headers, ...length, '', body];
    return this.send(lines.join('\r\n'));
  }

  /** The next response. Its body ends where Content-Length says. Throws when the connection ends before that. */
  async reply(method = 'GET'): Promise<Reply> {
    await this.#until(() => this.#received.includes('\r\n\r\n'));
    const headEnd = this.#received.indexOf('\r\n\r\n') + 4;
    const [statusLine = '', ...lines] = this.#received.toString('latin1', 0, headEnd - 4).split('\r\n');
    if (!statusLine.startsWith('HTTP/1.1 ')) throw new Error(`no response begins like this: ${statusLine}`);
    const headers = new Map(
      lines.map((line) => {
        const colon = line.indexOf(':');
        return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()] as const;
      }),
    );
    const bodyEnd = headEnd + (method === 'HEAD' ? 0 : Number(headers.get('content-length') ?? 0));
    await this.#until(() => this.#received.length >= bodyEnd);
    const body = this.#received.toString('utf8', headEnd, bodyEnd);
    this.#received = this.#received.subarray(bodyEnd);
    return { status: Number(statusLine.split(' ')[1]), headers, body };
  }

  /** Waits until `count` bytes have come. */
  bytes(count: number): Promise<void> {
    return this.#until(() => this.#received.length >= count);
  }

  destroy(): void {
    this.socket.destroy();
  }

  async #until(condition: () => boolean): Promise<void> {
    while (!condition()) {
      if (this.#over)
        throw new Error(`the connection ended; what had come: ${this.#received.toString('latin1', 0, 200)}`);
      await this.#wake.promise;
    }
  }

  #woken(): void {
    this.#wake.resolve();
    this.#wake = Promise.withResolvers<void>();
  }
}
