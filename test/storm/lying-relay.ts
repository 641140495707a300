import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type WebSocket, WebSocketServer } from 'ws';

/** What a test's relay does otherwise than a good one. Names come from tokens: `camera:door`, `viewer:alice`. */
export interface Lies {
  /** Answers an upgrade itself, where it gives something: a status, and headers. */
  upgrade?(
    request: IncomingMessage,
  ): { readonly status: number; readonly headers: Readonly<Record<string, string>> } | undefined;
  /** The result of `register`, for this device. */
  registered?(device: string): object;
  /** Does something else than to answer `register`; true: it did. */
  register?(socket: WebSocket, device: string, id: unknown): boolean;
  /** Which camera is asked in the place of this one. */
  asked?(device: string): string;
  /** Changes an answer on its way to the viewer. */
  answer?(answer: string): string;
  /** What a viewer gets for an answer where the camera gave none. */
  answerOfNobody?: string;
  /** The grant that goes with an offer. */
  grant?(session: string): string;
  /** What a camera gets behind the result of `register`. */
  behindRegistered?(device: string): object | undefined;
  /** What a camera gets behind an offer. */
  behindOffer?(session: string): object | undefined;
  /** What a viewer gets behind its answer. */
  behindAnswer?(answer: string): object;
}

/** A relay on loopback that pairs whoever asks, and lies as it is told. */
export async function startLyingRelay(lies: Lies = {}) {
  const http = createServer();
  const sockets = new WebSocketServer({ noServer: true });
  const cameras = new Map<string, WebSocket>();
  const waiting = new Map<number, { camera: WebSocket; settle(answer: string | undefined): void }>();
  const upgrades: IncomingMessage[] = [];
  let calls = 0;

  http.on('upgrade', (request, socket, head) => {
    upgrades.push(request);
    socket.on('error', () => socket.destroy());
    const refusal = lies.upgrade?.(request);
    if (refusal === undefined) {
      sockets.handleUpgrade(request, socket, head, (webSocket) => serve(webSocket, nameOf(request)));
      return;
    }
    const headers = Object.entries(refusal.headers).map(([name, value]) => `${name}: ${value}\r\n`);
    socket.end(`HTTP/1.1 ${refusal.status} No\r\n${headers.join('')}Content-Length: 0\r\n\r\n`);
  });

  function serve(socket: WebSocket, name: string): void {
    socket.on('error', () => socket.terminate());
    socket.on('close', () => {
      if (cameras.get(name) === socket) cameras.delete(name);
      for (const { camera, settle } of waiting.values()) if (camera === socket) settle(undefined);
    });
    socket.on('message', (data) => {
      const { id, method, params, result } = JSON.parse(String(data));
      const say = (to: WebSocket, message: object | undefined) => {
        if (message !== undefined) to.send(JSON.stringify({ jsonrpc: '2.0', ...message }));
      };
      const reply = (value: object) => say(socket, { id, ...value });
      if (method === 'register' && lies.register?.(socket, name, id) !== true) {
        cameras.set(name, socket);
        reply({ result: lies.registered?.(name) ?? { id: name } });
        say(socket, lies.behindRegistered?.(name));
      } else if (method === 'connect') {
        const camera = cameras.get(lies.asked?.(params.peer) ?? params.peer);
        if (camera === undefined)
          return reply({ error: { code: 480, message: 'offline', data: { reason: 'device-offline' } } });
        const [call, session] = [++calls, `s${calls}`];
        const settle = (answer: string | undefined) => {
          waiting.delete(call);
          const given = answer ?? lies.answerOfNobody;
          if (given === undefined) reply({ error: { code: 410, message: 'gone' } });
          else {
            reply({ result: { session, answer: lies.answer?.(given) ?? given } });
            say(socket, lies.behindAnswer?.(given));
          }
        };
        waiting.set(call, { camera, settle });
        const grant = lies.grant?.(session);
        const invite = { session, offer: params.offer, ...(grant === undefined ? {} : { grant }) };
        say(camera, { id: call, method: 'invite', params: invite });
        say(camera, lies.behindOffer?.(session));
      } else if (method === undefined) waiting.get(id)?.settle(result?.answer);
    });
  }

  await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(http.address() as AddressInfo).port}`,
    /** Every request to upgrade so far. */
    upgrades,
    cameras,
    get connections(): number {
      return sockets.clients.size;
    },
    async [Symbol.asyncDispose](): Promise<void> {
      for (const socket of sockets.clients) socket.terminate();
      await new Promise((resolve) => http.close(resolve));
    },
  };
}

export function nameOf(request: IncomingMessage): string {
  return /^Bearer \w+:(.+)$/.exec(request.headers.authorization ?? '')?.[1] ?? '';
}
