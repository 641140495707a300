import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type Browser, chromium, type Page } from 'playwright-core';
import { type WebSocket, WebSocketServer } from 'ws';
import { webSocketPath } from '../../src/protocol/index.ts';
import { createWebAssets } from '../../src/web/index.ts';

export type Params = Record<string, unknown>;

/** A request of the page's, as the test sees it. */
export interface Call {
  readonly method: string;
  readonly params: Params;
  readonly socket: WebSocket;
  result(result: object): void;
  error(code: number, message: string, data?: object): void;
}

/** A browser with an empty page that has the library, and a relay that does what the test says. */
export interface Stage extends AsyncDisposable {
  readonly page: Page;
  /** Addresses of all WebSockets that the page has opened. */
  readonly opened: string[];
  /** Each call so far that nobody has taken yet, and those to come; by method where one is named. */
  next(method?: string): Promise<Call>;
  /** The offer of `call` answered by a camera that lives in the page and draws a moving picture. */
  answer(call: Call): Promise<string>;
  /** A camera's own offer, and what gives it the answer. */
  offer(): Promise<string>;
  accept(answer: string): Promise<void>;
  /** An empty page with the library; whatever came before is forgotten. */
  reset(): Promise<void>;
}

export async function openStage(): Promise<Stage> {
  await using stack = new AsyncDisposableStack();
  const assets = createWebAssets();
  const http = createServer((request, response) => {
    const path = request.url ?? '/';
    const found = path === '/stage' ? { status: 200, headers: html, body: emptyPage } : assets.serve('GET', path);
    response.writeHead(found?.status ?? 404, found?.headers).end(found?.body);
  });
  const sockets = new WebSocketServer({ server: http, path: webSocketPath });
  http.listen(0, '127.0.0.1');
  await once(http, 'listening');
  stack.defer(() => {
    for (const client of sockets.clients) client.terminate();
    http.closeAllConnections();
    http.close();
  });

  const calls = new Mailbox();
  const opened: string[] = [];
  sockets.on('connection', (socket, request) => {
    opened.push(request.url ?? '');
    socket.on('message', (data) => calls.put(socket, JSON.parse(String(data)) as Params));
  });

  const browser: Browser = await chromium.launch({ executablePath: '/usr/bin/chromium', args: browserArguments });
  stack.defer(() => browser.close());
  const page = await browser.newPage();
  const running = stack.move();
  return {
    page,
    opened,
    next: (method) => calls.take(method),
    answer: (call) => page.evaluate(describeAsCamera, String(call.params.offer)),
    offer: () => page.evaluate(describeAsCamera, undefined),
    accept: (answer) => page.evaluate(acceptAsCamera, answer),
    async reset() {
      await page.goto(`http://127.0.0.1:${(http.address() as AddressInfo).port}/stage`);
      await page.evaluate(() => customElements.whenDefined('live-view').then(() => {}));
      calls.clear();
      opened.length = 0;
    },
    [Symbol.asyncDispose]: () => running.disposeAsync(),
  };
}

/** What the relay was asked, in order, whether or not a test waits for it already. */
class Mailbox {
  #calls: Call[] = [];
  #waiting: { method: string | undefined; found(call: Call): void }[] = [];

  put(socket: WebSocket, { id, method, params, result }: Params): void {
    const reply = (message: object) => socket.send(JSON.stringify({ jsonrpc: '2.0', id, ...message }));
    const call: Call = {
      method: typeof method === 'string' ? method : 'result',
      params: (params ?? result ?? {}) as Params,
      socket,
      result: (value) => reply({ result: value }),
      error: (code, message, data) => reply({ error: { code, message, ...(data && { data }) } }),
    };
    const index = this.#waiting.findIndex(({ method }) => method === undefined || method === call.method);
    if (index < 0) this.#calls.push(call);
    else this.#waiting.splice(index, 1)[0]?.found(call);
  }

  take(method: string | undefined): Promise<Call> {
    const index = this.#calls.findIndex((call) => method === undefined || method === call.method);
    const [held] = index < 0 ? [] : this.#calls.splice(index, 1);
    if (held !== undefined) return Promise.resolve(held);
    return new Promise((found) => this.#waiting.push({ method, found }));
  }

  clear(): void {
    this.#calls = [];
    this.#waiting = [];
  }
}

const html = { 'Content-Type': 'text/html' };
const emptyPage = '<!doctype html><title>stage</title><script type="module" src="/live-view.js"></script><body>';

/** The camera is in the same browser: both ends meet on this machine, without names that need a resolver. */
const browserArguments = [
  ...['--no-sandbox', '--disable-gpu', '--no-first-run', '--disable-background-networking', '--disable-sync'],
  ...['--disable-component-update', '--disable-features=WebRtcHideLocalIpsWithMdns'],
  '--allow-loopback-in-peer-connection',
];

declare global {
  interface Window {
    stageCamera?: RTCPeerConnection;
  }
}

// These two run in the page, each by itself.

/** A camera's side: the answer to an offer, or without one an offer of its own, with all of its candidates. */
async function describeAsCamera(offer: string | undefined): Promise<string> {
  const camera = new RTCPeerConnection();
  window.stageCamera = camera;
  const canvas = document.createElement('canvas');
  const paint = canvas.getContext('2d');
  setInterval(() => {
    if (paint === null) return;
    paint.fillStyle = `hsl(${performance.now() % 360} 80% 50%)`;
    paint.fillRect(0, 0, canvas.width, canvas.height);
  }, 30);
  if (offer !== undefined) await camera.setRemoteDescription({ type: 'offer', sdp: offer });
  for (const track of canvas.captureStream(30).getTracks()) camera.addTrack(track);
  await camera.setLocalDescription();
  while (camera.iceGatheringState !== 'complete') {
    await new Promise((done) => camera.addEventListener('icegatheringstatechange', done, { once: true }));
  }
  return camera.localDescription?.sdp ?? '';
}

async function acceptAsCamera(answer: string): Promise<void> {
  await window.stageCamera?.setRemoteDescription({ type: 'answer', sdp: answer });
}
