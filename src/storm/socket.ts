import { connect, isIP, type Socket } from 'node:net';
import { connect as connectTls, createSecureContext, type SecureContext } from 'node:tls';
import { type Clock, limits, type RandomSource, type Timer } from '../base/index.ts';
import { retryAfterSeconds } from '../peer/index.ts';
import { subprotocol } from '../protocol/index.ts';
import type { Aim } from './aim.ts';
import type { Ending } from './ending.ts';
import { clientFrame, FrameReader, opcodes } from './frames.ts';
import { acceptFor, readResponseHead } from './response-head.ts';

export interface SocketHandlers {
  /** The relay has upgraded the connection, and has taken the first message that came along with the request, or has not. */
  open(tookFirst: boolean): void;
  message(text: string): void;
  /** Called exactly once. */
  ended(ending: Ending): void;
  /** The connection is closed, and its file with it. Called once, behind `ended`. */
  gone?(): void;
}

export interface SocketPowers {
  readonly clock: Clock;
  readonly random: RandomSource;
}

/** All sockets read into it, one after the other: what comes is handled before the next one reads. */
const inbox = Buffer.allocUnsafe(64 * 1024);
const secureContexts = new WeakMap<Aim, SecureContext>();

/**
 * A WebSocket of a client (RFC 6455) with as little as a storm needs: a library that serves every purpose costs the load as much as
 * the relay that is measured.
 */
export class StormSocket {
  readonly #powers: SocketPowers;
  readonly #handlers: SocketHandlers;
  readonly #socket: Socket;
  readonly #frames: FrameReader;
  readonly #key: string;
  readonly #secure: boolean;
  #upgradeBy: Timer | undefined;
  #head: Buffer | undefined = Buffer.alloc(0);
  #closeCode: number | undefined;
  #ending: Ending | undefined;
  #leaving = false;

  /** `headers` are whole lines, each with its end. `source` is the address to come from. */
  constructor(aim: Aim, source: string | undefined, headers: string, powers: SocketPowers, handlers: SocketHandlers) {
    this.#powers = powers;
    this.#handlers = handlers;
    this.#secure = aim.secure;
    this.#key = powers.random.bytes(16).toString('base64');
    this.#frames = new FrameReader({
      text: (text) => handlers.message(text),
      ping: (payload) => this.#write(clientFrame(opcodes.pong, payload, powers.random.bytes(4))),
      close: (code) => this.#closed(code),
    });
    this.#socket = opened(aim, source, (length, bytes) => this.#received(bytes.subarray(0, length)));
    this.#socket.setNoDelay(true);
    this.#socket.on(aim.secure ? 'secureConnect' : 'connect', () =>
      this.#socket.write(request(aim, this.#key, headers)),
    );
    this.#socket.on('end', () => this.#socket.destroy());
    this.#socket.on('error', (error: NodeJS.ErrnoException) =>
      this.#over({ kind: 'lost', why: error.code ?? 'error' }),
    );
    this.#socket.on('close', () => {
      this.#over({ kind: 'lost', why: this.#head === undefined ? 'lost without a word' : 'no upgrade, and no word' });
      handlers.gone?.();
    });
    this.#upgradeBy = powers.clock.after(limits.upgradeMsMax, () =>
      this.#give({ kind: 'lost', why: 'no answer in time' }),
    );
  }

  send(text: string): void {
    this.#write(clientFrame(opcodes.text, Buffer.from(text), this.#powers.random.bytes(4)));
  }

  /** Says goodbye and closes. What the relay still says until it has closed too is told; `ended` is called before that. */
  close(): void {
    if (this.#socket.connecting) {
      this.drop();
      return;
    }
    const goodbye = Buffer.from([1000 >> 8, 1000 & 255]);
    if (this.#head === undefined) this.#write(clientFrame(opcodes.close, goodbye, this.#powers.random.bytes(4)));
    this.#leaving = this.#head === undefined;
    this.#socket.end();
    this.#over({ kind: 'left' });
    this.#awaitClose();
  }

  /** Gone without a word, as when the power fails: the relay gets a reset, and no port of this machine waits for it to be forgotten. */
  drop(): void {
    this.#give({ kind: 'left' });
  }

  #received(bytes: Buffer): boolean {
    if (this.#ending !== undefined && !this.#leaving) return true;
    if (this.#head === undefined) {
      if (!this.#frames.push(bytes)) this.#give({ kind: 'lost', why: 'protocol broken' });
      return true;
    }
    this.#head = Buffer.concat([this.#head, bytes]);
    try {
      const head = readResponseHead(this.#head);
      if (head === undefined) return true;
      const after = this.#head.subarray(head.end);
      if (head.status !== 101) {
        const seconds = retryAfterSeconds(head.retryAfter, this.#powers.clock);
        this.#give({ kind: 'http', status: head.status, retryAfterSeconds: seconds });
        return true;
      }
      if (head.accept !== acceptFor(this.#key)) throw new TypeError('the answer to another key');
      this.#head = undefined;
      this.#upgradeBy?.cancel();
      this.#handlers.open(head.tookFirst);
      if (after.length > 0) return this.#received(after);
    } catch {
      this.#give({ kind: 'lost', why: 'protocol broken' });
    }
    return true;
  }

  #closed(code: number): void {
    this.#closeCode = code;
    // 1005 says that there was no code, and travels never.
    const echo = code === 1005 ? [] : [code >> 8, code & 255];
    this.#write(clientFrame(opcodes.close, Buffer.from(echo), this.#powers.random.bytes(4)));
    this.#socket.end();
    this.#over({ kind: 'closed', code });
    this.#awaitClose();
  }

  /** Whoever does not answer a goodbye, or says one and stays, is not waited for. */
  #awaitClose(): void {
    const timer = this.#powers.clock.after(limits.closeHandshakeMsMax, () => this.#socket.destroy());
    this.#socket.once('close', () => timer.cancel());
  }

  #write(frame: Buffer): void {
    if (this.#socket.writable && this.#socket.writableLength <= limits.sendBufferBytesMax) this.#socket.write(frame);
  }

  /** Ends the connection at once. */
  #give(ending: Ending): void {
    this.#over(ending);
    // Node resets no connection under TLS; and one that is on its way it resets when it is there, and has sent its request.
    if (this.#secure || this.#socket.connecting) this.#socket.destroy();
    else this.#socket.resetAndDestroy();
  }

  #over(ending: Ending): void {
    if (this.#ending !== undefined) return;
    this.#ending = this.#closeCode === undefined ? ending : { kind: 'closed', code: this.#closeCode };
    this.#upgradeBy?.cancel();
    if (!this.#leaving) this.#frames.stop();
    this.#handlers.ended(this.#ending);
  }
}

function opened(aim: Aim, source: string | undefined, read: (length: number, bytes: Buffer) => boolean): Socket {
  const { address: host, port, secure, hostname, ca } = aim;
  const to = { host, port, ...(source === undefined ? {} : { localAddress: source }) };
  const onread = { buffer: inbox, callback: (length: number, bytes: Uint8Array) => read(length, bytes as Buffer) };
  if (!secure) return connect({ ...to, onread });
  const secureContext = secureContexts.get(aim) ?? createSecureContext(ca === undefined ? {} : { ca });
  secureContexts.set(aim, secureContext);
  const socket = connectTls({ ...to, secureContext, servername: isIP(hostname) === 0 ? hostname : '' });
  socket.on('data', (bytes: Buffer) => read(bytes.length, bytes));
  return socket;
}

function request(aim: Aim, key: string, headers: string): string {
  return `GET ${aim.path} HTTP/1.1\r\nHost: ${aim.host}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: ${key}\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Protocol: ${subprotocol}\r\n${headers}\r\n`;
}
