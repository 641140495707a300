import { EventEmitter, once } from 'node:events';
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { exportJWK, generateKeyPair, type JSONWebKeySet, SignJWT } from 'jose';
import { type WebSocket, WebSocketServer } from 'ws';
import { LatchkeyError } from '../../src/base/index.ts';
import {
  errorObjectFor,
  errorText,
  firstMessageHeader,
  firstMessageTaken,
  grantType,
  parseRpc,
  requestText,
  resultText,
  subprotocol,
} from '../../src/protocol/index.ts';
import { userName } from './stun-user-name.ts';
import { startForwarder } from './tiny-forwarder.ts';

export { userName };

/** What a test can change in a relay that otherwise does its work. */
export interface TinyRelayPlan {
  /** Answers an upgrade itself, where it gives something. */
  upgrade?(token: string): { status: number; headers?: Record<string, string>; body?: string } | undefined;
  /** Refuses a camera's call, where it gives something. */
  refusal?(method: string, params: Record<string, unknown>): LatchkeyError | undefined;
  /** Changes the claims of a grant before it is signed. */
  claims?(claims: Record<string, unknown>): Record<string, unknown>;
  /** Changes a signed grant, or leaves it out. */
  grant?(grant: string): string | undefined;
  /** Changes the offer or the answer that goes to the other side, after the relay's candidate was put in. */
  description?(sdp: string, to: 'camera' | 'viewer'): string;
  /** False drops a datagram on its way. */
  forward?(datagram: Buffer, from: 'camera' | 'viewer'): boolean;
  /** Adds to the result of a camera's `register`. */
  registered?(params: Record<string, unknown>): object;
  /** Takes the first message that comes along with an upgrade. */
  takesFirst?: boolean;
  /** Opens sessions without a word to the camera. */
  silent?: boolean;
  /** Leaves the offer to the camera, whatever the viewer sent. */
  onvif?: boolean;
}

export interface TinyRelay {
  readonly url: string;
  readonly keys: JSONWebKeySet;
  readonly plan: TinyRelayPlan;
  /** Tokens of all upgrades so far. */
  readonly upgrades: string[];
  /** Reconnect tickets of the same, where there were any. */
  readonly tickets: (string | undefined)[];
  /** Methods that cameras called. */
  readonly cameraCalls: { method: string; params: Record<string, unknown> }[];
  readonly cameraAddresses: Set<string>;
  readonly udpPort: number;
  /** Sends a datagram from the relay's own port to the camera that last sent one. */
  sendToCamera(datagram: Buffer): void;
  /** Gives every camera this name, whatever its token is. */
  namesAll(device: string): void;
  nextCameraCall(): Promise<TinyRelay['cameraCalls'][number]>;
  /** Invites the camera to answer `offer`, with a grant for `subject`, and gives its answer. */
  inviteCamera(session: string, subject: string, offer: string): Promise<string>;
  /** Invites the viewer of a session to answer `offer`, in the name of any session. */
  inviteViewer(session: string, named: string, offer: string): Promise<unknown>;
  /** Resolves when that session is open. */
  sessionOpened(session: string): Promise<void>;
  /** A grant for whoever made `offer`. */
  grantFor(session: string, subject: string, offer: string): Promise<string | undefined>;
  /** Calls a method of a camera. */
  callCamera(method: string, params: object): Promise<unknown>;
  /** Closes every WebSocket. */
  disconnect(code: number, reason?: string): void;
  /** Sends everyone an error that concerns no session. */
  tell(error: LatchkeyError): void;
  /** Tells both sides that a session is over. */
  endSession(session: string, reason: string): void;
  /** Resolves when a camera has registered, from now on. */
  registered(): Promise<void>;
  close(): Promise<void>;
}

interface Party {
  socket: WebSocket;
  token: string;
  call(method: string, params: object): Promise<Record<string, unknown>>;
}

/** A relay for tests: ONVIF signaling for one camera and its viewers, and a UDP port that forwards between the two sides. */
export async function startTinyRelay(plan: TinyRelayPlan = {}): Promise<TinyRelay> {
  const { publicKey, privateKey } = await generateKeyPair('EdDSA', { crv: 'Ed25519', extractable: true });
  const keys = { keys: [{ ...(await exportJWK(publicKey)), kid: 'test', alg: 'EdDSA' }] };
  const http = createServer((request, response) =>
    listing(request, (status, body) => response.writeHead(status).end(body)),
  );
  const sockets = new WebSocketServer({ noServer: true, handleProtocols: () => subprotocol });
  const upgrades: string[] = [];
  const tickets: (string | undefined)[] = [];
  const cameraCalls: TinyRelay['cameraCalls'] = [];
  const waiting = new Set<() => void>();
  const forwarder = await startForwarder(plan);
  let camera: Party | undefined;
  const parties = new Set<Party>();
  const viewers = new Map<string, Party>();
  let sessions = 0;
  let everybodyIs: string | undefined;
  const deviceOf = (token: string | undefined) => everybodyIs ?? token?.replace('camera:', '');
  const calls = new EventEmitter<{ call: [TinyRelay['cameraCalls'][number]]; session: [string] }>();

  http.on('upgrade', (request, socket, head) => {
    const token = (request.headers.authorization ?? '').replace('Bearer ', '');
    upgrades.push(token);
    tickets.push(request.headers['latchkey-ticket']?.toString());
    const refusal = plan.upgrade?.(token);
    if (refusal !== undefined) {
      const headers = Object.entries(refusal.headers ?? {}).map(([name, value]) => `${name}: ${value}\r\n`);
      const body = refusal.body ?? '';
      socket.end(`HTTP/1.1 ${refusal.status} No\r\n${headers.join('')}Content-Length: ${body.length}\r\n\r\n${body}`);
      return;
    }
    const first = plan.takesFirst === true ? request.headers[firstMessageHeader]?.toString() : undefined;
    if (first !== undefined)
      sockets.once('headers', (lines) => lines.push(`${firstMessageHeader}: ${firstMessageTaken}`));
    sockets.handleUpgrade(request, socket, head, (webSocket) => {
      admit(webSocket, token);
      if (first !== undefined) webSocket.emit('message', Buffer.from(first), false);
    });
  });

  async function signed(session: string, subject: string, sdp: string): Promise<string | undefined> {
    const claims = {
      iss: 'tiny',
      sid: session,
      sub: subject,
      device: deviceOf(camera?.token),
      role: 'owner',
      fingerprints: [...new Set(fingerprints(sdp))],
      iat: Math.floor(Date.now() / 1000),
      exp: Math.floor(Date.now() / 1000) + 3600,
    };
    const grant = await new SignJWT(plan.claims?.(claims) ?? claims)
      .setProtectedHeader({ alg: 'EdDSA', typ: grantType, kid: 'test' })
      .sign(privateKey);
    return plan.grant === undefined ? grant : plan.grant(grant);
  }

  function described(sdp: string, to: 'camera' | 'viewer'): string {
    const own = viaRelay(sdp, forwarder.port);
    return plan.description?.(own, to) ?? own;
  }

  async function connect(viewer: Party, params: Record<string, unknown>): Promise<object> {
    if (camera === undefined) throw new LatchkeyError('device-offline');
    const session = `s${++sessions}`;
    viewers.set(session, viewer);
    calls.emit('session', session);
    const subject = viewer.token.replace('viewer:', '');
    if (plan.silent === true) return { session };
    if (plan.onvif === true || typeof params.offer !== 'string') {
      await camera.call('connect', { session });
      return { session, expiryTimeSeconds: 3600 };
    }
    const answer = await inviteCamera(session, subject, params.offer);
    return { session, expiryTimeSeconds: 3600, answer: described(answer, 'viewer') };
  }

  async function inviteCamera(session: string, subject: string, offer: string): Promise<string> {
    if (camera === undefined) throw new LatchkeyError('device-offline');
    const grant = await signed(session, subject, offer);
    const { answer } = await camera.call('invite', { session, offer: described(offer, 'camera'), grant });
    forwarder.open(offer, String(answer));
    return String(answer);
  }

  async function cameraInvites(params: Record<string, unknown>): Promise<object> {
    const session = String(params.session);
    const viewer = viewers.get(session);
    if (viewer === undefined) throw new LatchkeyError('session-unknown');
    const offer = String(params.offer);
    const { answer } = await viewer.call('invite', { session, offer: described(offer, 'viewer') });
    forwarder.open(String(answer), offer);
    const grant = await signed(session, viewer.token.replace('viewer:', ''), String(answer));
    return { answer: described(String(answer), 'camera'), grant };
  }

  async function answerTo(party: Party, method: string, params: Record<string, unknown>): Promise<object> {
    const isCamera = !party.token.startsWith('viewer:');
    if (isCamera) {
      cameraCalls.push({ method, params });
      calls.emit('call', { method, params });
      const refusal = plan.refusal?.(method, params);
      if (refusal !== undefined) throw refusal;
    }
    if (method === 'register' && isCamera) {
      camera = party;
      for (const resolve of waiting) resolve();
      waiting.clear();
      return { id: deviceOf(party.token), grantKeys: keys, ...plan.registered?.(params) };
    }
    if (method === 'connect') return await connect(party, params);
    if (method === 'invite' && !isCamera) {
      const subject = party.token.replace('viewer:', '');
      const answer = await inviteCamera(String(params.session), subject, String(params.offer));
      return { answer: described(answer, 'viewer') };
    }
    if (method === 'invite') return await cameraInvites(params);
    if (method === 'leave') {
      const session = String(params.session);
      const other = isCamera ? viewers.get(session) : camera;
      other?.socket.send(ended(session, isCamera ? 'camera-left' : 'viewer-left'));
      return {};
    }
    if (method === 'extend') return { expiryTimeSeconds: 3600 };
    throw new LatchkeyError('method-unknown');
  }

  function admit(socket: WebSocket, token: string): void {
    const pending = new Map<number, { resolve(value: Record<string, unknown>): void; reject(error: Error): void }>();
    let nextId = 1;
    const party: Party = {
      socket,
      token,
      call(method, params) {
        const { promise, resolve, reject } = Promise.withResolvers<Record<string, unknown>>();
        pending.set(nextId, { resolve, reject });
        socket.send(requestText(nextId++, method, params));
        return promise;
      },
    };
    parties.add(party);
    socket.on('close', () => parties.delete(party));
    socket.on('message', (data: Buffer) => {
      const message = parseRpc(data.toString('utf8'));
      if (message.kind === 'request') {
        answerTo(party, message.method, message.params as Record<string, unknown>).then(
          (result) => socket.send(resultText(message.id, result)),
          (error: unknown) =>
            socket.send(
              errorText(
                message.id,
                error instanceof LatchkeyError
                  ? errorObjectFor(error)
                  : {
                      code: Number((error as { code?: number }).code ?? 500),
                      message: 'no',
                      data: { reason: (error as Error).message },
                    },
              ),
            ),
        );
      } else if (message.kind === 'result') {
        pending.get(Number(message.id))?.resolve(message.result as Record<string, unknown>);
      } else if (message.kind === 'error' && message.id !== undefined) {
        const error = Object.assign(new Error(message.error.data?.reason ?? ''), { code: message.error.code });
        pending.get(Number(message.id))?.reject(error);
      }
    });
  }

  function ended(session: string, reason: string): string {
    return errorText(undefined, { code: 1002, message: 'over', session, data: { reason } });
  }

  http.listen(0, '127.0.0.1');
  await once(http, 'listening');
  return {
    url: `http://127.0.0.1:${(http.address() as AddressInfo).port}`,
    keys,
    plan,
    upgrades,
    tickets,
    cameraCalls,
    cameraAddresses: forwarder.cameraAddresses,
    udpPort: forwarder.port,
    sendToCamera: (datagram) => forwarder.sendToCamera(datagram),
    namesAll(device) {
      everybodyIs = device;
    },
    nextCameraCall: async () => (await once(calls, 'call'))[0] as TinyRelay['cameraCalls'][number],
    inviteCamera,
    async sessionOpened(session) {
      while (!viewers.has(session)) await once(calls, 'session');
    },
    async inviteViewer(session, named, offer) {
      return await viewers.get(session)?.call('invite', { session: named, offer: described(offer, 'viewer') });
    },
    grantFor: signed,
    async callCamera(method, params) {
      if (camera === undefined) throw new Error('no camera');
      return await camera.call(method, params);
    },
    disconnect(code, reason) {
      for (const party of parties) party.socket.close(code, reason);
    },
    tell(error) {
      for (const party of parties) party.socket.send(errorText(undefined, errorObjectFor(error)));
    },
    endSession(session, reason) {
      for (const party of parties) party.socket.send(ended(session, reason));
    },
    registered() {
      const { promise, resolve } = Promise.withResolvers<void>();
      waiting.add(resolve);
      return promise;
    },
    async close() {
      for (const party of parties) party.socket.terminate();
      http.closeAllConnections();
      http.close();
      await forwarder.close();
    },
  };
}

function listing(request: IncomingMessage, answer: (status: number, body: string) => void): void {
  if (request.url !== '/devices') answer(404, '{}');
  else if (request.headers.authorization !== 'Bearer viewer:alice') answer(401, '{"code":"token-expired"}');
  else answer(200, JSON.stringify({ devices: [{ id: 'garden', role: 'owner', state: 'online', secret: 'no' }] }));
}

function fingerprints(sdp: string): string[] {
  return sdp
    .split('\r\n')
    .filter((line) => line.startsWith('a=fingerprint:'))
    .map((line) => line.slice(14));
}

/** Takes the endpoint's candidates out of a description, and puts the relay's in. */
export function viaRelay(sdp: string, port: number): string {
  const candidate = `a=candidate:1 1 udp 2130706431 127.0.0.1 ${port} typ host`;
  return sdp
    .split('\r\n')
    .filter((line) => !line.startsWith('a=candidate:') && line !== 'a=end-of-candidates')
    .flatMap((line) => (line.startsWith('a=mid:') ? [line, candidate, 'a=end-of-candidates'] : [line]))
    .join('\r\n');
}
