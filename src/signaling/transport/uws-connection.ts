import type { WebSocket, WebSocketBehavior } from 'uWebSockets.js';
import assert from 'node:assert/strict';
import type { OffenceCode, RawSocket, ServedConnection } from './served-connection.ts';
import type { OpenUpgrade, ServerCore } from './server-core.ts';

/** What goes along with a WebSocket from the decision to open it until it closes. */
export interface UwsUser {
  /** Until it is open: what it holds of the request would otherwise stay as long as the connection does. */
  decision: OpenUpgrade | undefined;
  readonly remoteAddress: string;
  connection: ServedConnection | undefined;
}

/** Room for close frames and pongs above what `send` lets wait, in bytes. */
const controlBytesMax = 4_096;
/** The binary ends the process for a time outside of these, in seconds. */
const idleSecondsMin = 8;
const idleSecondsMax = 960;

/** How uWebSockets.js serves an open WebSocket: bounded, without compression, and with our own keep-alive. */
export function webSocketBehavior(core: ServerCore): WebSocketBehavior<UwsUser> {
  const { messageBytesMax, sendBufferBytesMax, keepAliveMs } = core.settings;
  const heard = (webSocket: WebSocket<UwsUser>) => {
    const { connection } = webSocket.getUserData();
    if (connection !== undefined) core.heard(connection);
  };
  return {
    compression: 0,
    // What the library finds too large it drops without a close frame. Up to here we see it, and close with 1009.
    maxPayloadLength: 2 * messageBytesMax,
    maxBackpressure: sendBufferBytesMax + controlBytesMax,
    sendPingsAutomatically: false,
    idleTimeout: Math.min(idleSecondsMax, Math.max(idleSecondsMin, Math.ceil((4 * keepAliveMs) / 1000))),
    open(webSocket) {
      const user = webSocket.getUserData();
      const { decision } = user;
      assert(decision, 'a WebSocket opens once');
      user.decision = undefined;
      const connection = core.serve(new UwsSocket(webSocket), user.remoteAddress);
      user.connection = connection;
      connection.open(decision.open);
    },
    message(webSocket, message, isBinary) {
      heard(webSocket);
      webSocket.getUserData().connection?.received(Buffer.from(message), isBinary);
    },
    ping: heard,
    pong: heard,
    close(webSocket, code, message) {
      const { connection } = webSocket.getUserData();
      const offence = code === 1006 ? offenceOf(Buffer.from(message).toString()) : undefined;
      if (offence === undefined) connection?.ended(code);
      else connection?.offended(offence);
      core.disconnected();
    },
  };
}

class UwsSocket implements RawSocket {
  readonly #webSocket: WebSocket<UwsUser>;

  constructor(webSocket: WebSocket<UwsUser>) {
    this.#webSocket = webSocket;
  }

  buffered(): number {
    return this.#webSocket.getBufferedAmount();
  }

  send(text: string): void {
    this.#webSocket.send(text);
  }

  ping(): void {
    this.#webSocket.ping();
  }

  close(code: number, reason: string): void {
    this.#webSocket.end(code, reason);
  }

  terminate(): void {
    this.#webSocket.close();
  }
}

/** The library tells why it dropped a connection in words alone. */
function offenceOf(words: string): OffenceCode | undefined {
  if (words.includes('too big')) return 1009;
  if (words.includes('UTF-8')) return 1007;
  if (words.includes('invalid')) return 1002;
  return undefined;
}
