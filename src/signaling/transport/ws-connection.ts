import type { IncomingMessage } from 'node:http';
import type { ServerOptions, WebSocket } from 'ws';
import { limits } from '../../base/index.ts';
import type { OffenceCode } from './served-connection.ts';
import type { OpenUpgrade, ServerCore } from './server-core.ts';
import type { TransportSettings } from './transport.ts';

/** Options that ws has and its types do not name yet. */
interface Bounds {
  readonly maxFragments: number;
  readonly closeTimeout: number;
}

/** How ws serves: bounded, without compression. `subprotocol` says what was decided for a request. */
export function webSocketOptions(
  settings: TransportSettings,
  subprotocol: (request: IncomingMessage) => string | false,
): ServerOptions & Bounds {
  return {
    noServer: true,
    clientTracking: false,
    perMessageDeflate: false,
    maxPayload: settings.messageBytesMax,
    maxFragments: limits.messageFragmentsMax,
    closeTimeout: limits.closeHandshakeMsMax,
    handleProtocols: (_offered, request) => subprotocol(request),
  };
}

/** Joins a WebSocket of ws, just opened, with the handlers that were decided for it. */
export function serveWebSocket(
  core: ServerCore,
  webSocket: WebSocket,
  remoteAddress: string,
  decision: OpenUpgrade,
): void {
  const connection = core.serve(
    {
      buffered: () => webSocket.bufferedAmount,
      send: (text) => webSocket.send(text),
      ping: () => webSocket.ping(),
      close: (code, reason) => webSocket.close(code, reason),
      terminate: () => webSocket.terminate(),
    },
    remoteAddress,
  );
  const heard = () => connection.heard();
  webSocket.on('message', (data, isBinary) => {
    // With ws's own `binaryType`, which is left as it is, a message comes as one Buffer.
    connection.received(data as Buffer, isBinary);
  });
  webSocket.on('ping', heard);
  webSocket.on('pong', heard);
  webSocket.on('error', (error) => connection.offended(offenceOf(error)));
  webSocket.on('close', (code) => connection.ended(code));
  connection.open(decision.open);
}

function offenceOf(error: Error & { code?: string }): OffenceCode {
  switch (error.code) {
    case 'WS_ERR_UNSUPPORTED_MESSAGE_LENGTH':
    case 'WS_ERR_TOO_MANY_BUFFERED_PARTS':
      return 1009;
    case 'WS_ERR_INVALID_UTF8':
      return 1007;
    default:
      return 1002;
  }
}
