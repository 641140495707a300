import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { WebSocket } from 'ws';
import { subprotocol } from '../../src/protocol/index.ts';
import type { IceCredentials } from '../../src/relay/index.ts';
import { rtp } from '../relay/support/engine-harness.ts';
import { stun } from '../relay/support/stun-messages.ts';
import { descriptionOf, fingerprintOf, readOf } from '../sim/descriptions.ts';

/** What happens at either end, for who waits for it. */
export type Happened = (what: 'message' | 'datagram') => void;

let made = 0;
function newCredentials(): IceCredentials {
  made += 1;
  return { ufrag: `u${made}`.padEnd(6, 'x'), password: `passwordof${made}`.padEnd(24, 'x') };
}

/** A side of a wire on loopback: its checks, and media that nobody could decode. */
class PlainSide {
  readonly ice = newCredentials();
  readonly #socket: Socket = createSocket('udp4');
  readonly #timers: NodeJS.Timeout[] = [];
  #transactions = 0;

  constructor(received: (bytes: Buffer) => void) {
    this.#socket.on('message', received);
    this.#socket.on('error', () => {});
  }

  /** Shows itself to the relay that a description names, until it is ended. */
  async check(description: string, nominates: boolean): Promise<void> {
    if (this.#timers.length > 0) return;
    const other = readOf(description).ice;
    const port = Number(/^a=candidate:\S+ 1 udp \d+ 127\.0\.0\.1 (\d+) typ host/im.exec(description)?.[1]);
    this.#socket.connect(port, '127.0.0.1');
    await once(this.#socket, 'connect');
    const send = () => {
      const transaction = Buffer.alloc(12);
      transaction.writeUInt32BE(++this.#transactions, 8);
      const username = `${other.ufrag}:${this.ice.ufrag}`;
      this.#send(stun({ transaction, username, password: other.password, useCandidate: nominates, fingerprint: true }));
    };
    send();
    this.#timers.push(setInterval(send, 20));
  }

  /** Sends media from now on. */
  stream(): void {
    let sequence = 0;
    this.#timers.push(setInterval(() => this.#send(rtp(++sequence, 7)), 10));
  }

  end(): void {
    for (const timer of this.#timers.splice(0)) clearInterval(timer);
    this.#socket.removeAllListeners('message').on('message', () => {});
    try {
      this.#socket.close();
    } catch {
      // It was closed before.
    }
  }

  #send(bytes: Buffer): void {
    try {
      this.#socket.send(bytes, () => {});
    } catch {
      // The relay is gone, and its port with it.
    }
  }
}

interface Message {
  readonly id?: unknown;
  readonly method?: string;
  readonly params?: { readonly session?: string; readonly offer?: string };
  readonly result?: { readonly session?: string; readonly answer?: string };
  readonly error?: { readonly session?: string; readonly data?: { readonly reason?: string } };
}

async function connected(url: string, token: string, take: (message: Message) => void, happened: Happened) {
  const socket = new WebSocket(`${url.replace('http', 'ws')}/webrtc`, [subprotocol], {
    headers: { authorization: `Bearer ${token}` },
  });
  socket.on('error', () => {});
  socket.on('message', (data) => {
    take(JSON.parse(data.toString()));
    happened('message');
  });
  await once(socket, 'open');
  const say = (message: object) => {
    if (socket.readyState === WebSocket.OPEN) socket.send(JSON.stringify({ jsonrpc: '2.0', ...message }));
  };
  return { socket, say };
}

/** A camera that answers every offer and sends media to whoever comes. Resolves when it is registered. */
export async function plainCamera(url: string, token: string, happened: Happened = () => {}) {
  const sides = new Map<string, PlainSide>();
  const registered = Promise.withResolvers<void>();
  const { socket, say } = await connected(
    url,
    token,
    ({ id, method, params, result, error }) => {
      if (id === 'register' && result !== undefined) registered.resolve();
      if (error?.session !== undefined) sides.get(error.session)?.end();
      if (method !== 'invite') return;
      let streams = false;
      const side = new PlainSide(() => {
        if (!streams) side.stream();
        streams = true;
      });
      sides.set(params?.session ?? '', side);
      const offer = params?.offer ?? '';
      const answer = descriptionOf('camera', 'answer', side.ice, fingerprintOf(1));
      say({ id, result: { answer } });
      void side.check(offer, false);
    },
    happened,
  );
  socket.on('close', () => registered.reject(new Error('the relay is gone')));
  registered.promise.catch(() => {});
  say({ id: 'register', method: 'register', params: { capabilities: ['answer'] } });
  await registered.promise;
  return {
    end(): void {
      for (const side of sides.values()) side.end();
      socket.terminate();
    },
  };
}

/** What a viewer knows of its live view. */
export interface PlainView {
  session: string | undefined;
  /** When its media first came and last came, in milliseconds since the epoch. */
  firstMs: number | undefined;
  lastMs: number | undefined;
}

/** A viewer who asks for a camera, and keeps what comes. Resolves when it has asked. */
export async function plainViewer(url: string, token: string, device: string, happened: Happened = () => {}) {
  const view: PlainView = { session: undefined, firstMs: undefined, lastMs: undefined };
  const side = new PlainSide((bytes) => {
    if (bytes[0] !== 0x80) return;
    view.firstMs ??= Date.now();
    view.lastMs = Date.now();
    happened('datagram');
  });
  const answered = Promise.withResolvers<Message>();
  const { socket, say } = await connected(
    url,
    token,
    (message) => {
      if (message.id !== 'connect') return;
      view.session = message.result?.session;
      const { answer } = message.result ?? {};
      if (answer !== undefined) void side.check(answer, true);
      answered.resolve(message);
    },
    happened,
  );
  const offer = descriptionOf('viewer', 'offer', side.ice, fingerprintOf(2));
  say({ id: 'connect', method: 'connect', params: { peer: device, offer } });
  return {
    view,
    /** The relay’s answer to `connect`. */
    answered: answered.promise,
    end(): void {
      side.end();
      socket.terminate();
    },
  };
}
