import { LatchkeyError, limits } from '../../base/index.ts';
import type { KeptAlive } from './keep-alive.ts';
import type { Connection, ConnectionHandlers, DropReason } from './transport.ts';

/** A malformed frame, text that is not UTF-8, and a message too large. */
export type OffenceCode = 1002 | 1007 | 1009;

/** What a library's WebSocket has to be able to do. None of it is called once it has ended. */
export interface RawSocket {
  /** Bytes that wait to be sent. */
  buffered(): number;
  send(text: string): void;
  ping(): void;
  /** Begins the closing handshake. */
  close(code: number, reason: string): void;
  /** Ends the connection without a word. */
  terminate(): void;
}

/** Who serves connections: one for all of them, so that an idle one holds little. */
export interface ConnectionServer {
  readonly settings: { readonly messageBytesMax: number; readonly sendBufferBytesMax: number };
  dropped(reason: DropReason): void;
  fault(error: unknown): void;
  /** The connection gave a sign of life. */
  heard(connection: ServedConnection): void;
  /** The connection is over for its handlers; the TCP connection may still be ending. */
  gone(connection: ServedConnection): void;
}

/** One open WebSocket: the promises of `Connection` and `ConnectionHandlers`, kept over either library's socket. */
export class ServedConnection implements Connection, KeptAlive {
  readonly remoteAddress: string;
  readonly #raw: RawSocket;
  readonly #server: ConnectionServer;
  #handlers: ConnectionHandlers | undefined;
  #over = false;

  constructor(raw: RawSocket, remoteAddress: string, server: ConnectionServer) {
    this.#raw = raw;
    this.remoteAddress = remoteAddress;
    this.#server = server;
  }

  /** Bytes that wait to be sent. */
  get waitingBytes(): number {
    return this.#over ? 0 : this.#raw.buffered();
  }

  /** Hands the connection over to whoever decided to open it. */
  open(open: (connection: Connection) => ConnectionHandlers): void {
    try {
      this.#handlers = open(this);
    } catch (error) {
      this.#failed(error);
    }
  }

  send(text: string): boolean {
    if (this.#over) return false;
    const { sendBufferBytesMax } = this.#server.settings;
    if (this.#raw.buffered() + Buffer.byteLength(text) > sendBufferBytesMax) {
      this.#drop('slow', 1013, 'You read too slowly.');
      return false;
    }
    this.#raw.send(text);
    return true;
  }

  close(code: number, reason: string): void {
    if (!isCloseCode(code)) throw new TypeError(`${code} is no close code`);
    if (Buffer.byteLength(reason) > limits.closeReasonBytesMax) throw new TypeError('the close reason is too long');
    if (this.#over) return;
    this.#end();
    this.#raw.close(code, reason);
    queueMicrotask(() => this.#tellClosed(code));
  }

  ping(): void {
    if (!this.#over) this.#raw.ping();
  }

  silent(): void {
    if (this.#over) return;
    this.#server.dropped('silent');
    this.#end();
    this.#raw.terminate();
    this.#tellClosed(1006);
  }

  /** A sign of life came. */
  heard(): void {
    if (!this.#over) this.#server.heard(this);
  }

  /** A message came, whole. */
  received(bytes: Buffer, isBinary: boolean): void {
    if (this.#over) return;
    this.#server.heard(this);
    if (isBinary) this.#drop('binary', 1003, 'Messages are text.');
    else if (bytes.byteLength > this.#server.settings.messageBytesMax)
      this.#drop('too-large', 1009, 'The message is too large.');
    else {
      try {
        this.#handlers?.message(bytes.toString());
      } catch (error) {
        this.#failed(error);
      }
    }
  }

  /** The connection was lost, or the peer closed it with this code. */
  ended(code: number): void {
    if (this.#over) return;
    this.#end();
    this.#tellClosed(code);
  }

  /** The library ended the connection because of what the peer sent. */
  offended(code: OffenceCode): void {
    if (this.#over) return;
    this.#server.dropped(code === 1009 ? 'too-large' : 'malformed');
    this.ended(code);
  }

  #drop(reason: DropReason, code: number, text: string): void {
    this.#server.dropped(reason);
    this.close(code, text);
  }

  #failed(error: unknown): void {
    this.#server.fault(error);
    this.close(1011, new LatchkeyError('internal').message);
  }

  #end(): void {
    this.#over = true;
    this.#server.gone(this);
  }

  #tellClosed(code: number): void {
    try {
      this.#handlers?.closed(code);
    } catch (error) {
      this.#server.fault(error);
    }
  }
}

/** Those that may stand in a close frame (RFC 6455 section 7.4). */
function isCloseCode(code: number): boolean {
  return (code >= 1000 && code <= 1014 && ![1004, 1005, 1006].includes(code)) || (code >= 3000 && code <= 4999);
}
