import type { WebSocket, WebSocketBehavior } from 'uWebSockets.js';
import assert from 'node:assert/strict';
import type { OffenceCode, RawSocket, ServedConnection } from './served-connection.ts';
import type { OpenUpgrade, ServerCore } from './server-core.ts';

/** What goes along with a WebSocket. The library copies it member by member, for each one: so it has one member. */
export interface UwsUser {
  readonly socket: UwsSocket;
}

/** Room for close frames and pongs above what `send` lets wait, in bytes. */
const controlBytesMax = 4_096;
/** The binary ends the process for a time outside of these, in seconds. */
const idleSecondsMin = 8;
const idleSecondsMax = 960;

/** How uWebSockets.js serves an open WebSocket: bounded, without compression, and with our own keep-alive. */
export function webSocketBehavior(core: ServerCore): WebSocketBehavior<UwsUser> {
  const { messageBytesMax, sendBufferBytesMax, keepAliveMs } = core.settings;
  const heard = (webSocket: WebSocket<UwsUser>) => webSocket.getUserData().socket.connection?.heard();
  return {
    compression: 0,
    // What the library finds too large it drops without a close frame. Up to here we see it, and close with 1009.
    maxPayloadLength: 2 * messageBytesMax,
    maxBackpressure: sendBufferBytesMax + controlBytesMax,
    sendPingsAutomatically: false,
    idleTimeout: Math.min(idleSecondsMax, Math.max(idleSecondsMin, Math.ceil((4 * keepAliveMs) / 1000))),
    open: (webSocket) => webSocket.getUserData().socket.open(webSocket, core),
    message: (webSocket, message, isBinary) =>
      webSocket.getUserData().socket.connection?.received(Buffer.from(message), isBinary),
    ping: heard,
    pong: heard,
    close(webSocket, code, message) {
      const { connection } = webSocket.getUserData().socket;
      const offence = code === 1006 ? offenceOf(Buffer.from(message).toString()) : undefined;
      if (offence === undefined) connection?.ended(code);
      else connection?.offended(offence);
      core.disconnected();
    },
  };
}

/** One WebSocket, from the decision to open it until it closes. */
export class UwsSocket implements RawSocket {
  connection: ServedConnection | undefined;
  readonly #remoteAddress: string;
  /** Until it is open: what it holds of the request would otherwise stay as long as the connection does. */
  #decision: OpenUpgrade | undefined;
  #webSocket: WebSocket<UwsUser> | undefined;

  constructor(decision: OpenUpgrade, remoteAddress: string) {
    this.#decision = decision;
    this.#remoteAddress = remoteAddress;
  }

  open(webSocket: WebSocket<UwsUser>, core: ServerCore): void {
    const decision = this.#decision;
    assert(decision, 'a WebSocket opens once');
    this.#decision = undefined;
    this.#webSocket = webSocket;
    this.connection = core.serve(this, this.#remoteAddress);
    this.connection.open(decision.open);
  }

  buffered(): number {
    return this.#webSocket?.getBufferedAmount() ?? 0;
  }

  send(text: string): void {
    this.#webSocket?.send(text);
  }

  ping(): void {
    this.#webSocket?.ping();
  }

  close(code: number, reason: string): void {
    this.#webSocket?.end(code, reason);
  }

  terminate(): void {
    this.#webSocket?.close();
  }
}

/** The library tells why it dropped a connection in words alone. */
function offenceOf(words: string): OffenceCode | undefined {
  if (words.includes('too big')) return 1009;
  if (words.includes('UTF-8')) return 1007;
  if (words.includes('invalid')) return 1002;
  return undefined;
}
