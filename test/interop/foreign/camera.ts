import { createLocalJWKSet, type JSONWebKeySet, jwtVerify } from 'jose';
import { LatchkeyError, systemClock } from '../../../src/base/index.ts';
import { openRpc, type RpcConnection, relayTarget } from '../../../src/peer/index.ts';
import {
  deviceConnectParams,
  grantClaims,
  grantType,
  inviteParams,
  inviteResult,
  read,
  registerResult,
} from '../../../src/protocol/index.ts';
import type { Order, Tell } from './messages.ts';
import type { ForeignPeer, ForeignStack } from './stack.ts';
import { trickling } from './trickling.ts';

/** An ONVIF camera on a foreign stack. With `answers` it also takes the viewer's offer; without, it makes all offers itself. */
export async function runCamera(
  order: Order & { role: 'camera' },
  stack: ForeignStack,
  tell: Tell,
): Promise<RpcConnection> {
  const opened = Promise.withResolvers<RpcConnection>();
  let grantKeys: JSONWebKeySet = { keys: [] };

  async function newPeer(session: string): Promise<ForeignPeer> {
    const peer = await stack.sender(order.device, { keyFrameAsked: () => tell('keyFrameAsked', {}) });
    trickling(peer, opened.promise, Promise.resolve(session), tell);
    void peer.connected.then((fingerprints) => tell('connected', fingerprints));
    return peer;
  }

  /** What every camera does that has a JOSE library: nobody is shown anything without a grant. */
  async function checkGrant(grant: string | undefined): Promise<void> {
    const { payload } = await jwtVerify(grant ?? '', createLocalJWKSet(grantKeys), { typ: grantType });
    const { sub: subject, device, fingerprints } = grantClaims.parse(payload);
    tell('granted', { subject, device, fingerprints });
  }

  async function makeOffer(session: string): Promise<void> {
    const peer = await newPeer(session);
    const connection = await opened.promise;
    const result = await connection.call('invite', { session, offer: await peer.offer() });
    const { answer, grant } = read(inviteResult, result);
    await checkGrant(grant);
    await peer.accept(answer);
  }

  async function takeOffer(params: unknown): Promise<object> {
    const { session, offer, grant } = read(inviteParams, params);
    await checkGrant(grant);
    const peer = await newPeer(session);
    return { answer: await peer.answer(offer) };
  }

  async function request(method: string, params: unknown): Promise<object> {
    if (method === 'connect') {
      const { session } = read(deviceConnectParams, params);
      // After the result has left, as ONVIF has it.
      setImmediate(() => void makeOffer(session));
      return {};
    }
    if (method === 'invite' && order.answers) return await takeOffer(params);
    throw new LatchkeyError('method-unknown');
  }

  const handlers = { request, failure: () => {} };
  const signal = new AbortController().signal;
  const connection = await openRpc(relayTarget(order.relay), order.token, handlers, systemClock, signal);
  opened.resolve(connection);
  const capabilities = order.answers ? { capabilities: ['answer'] } : {};
  const registered = read(registerResult, await connection.call('register', { name: order.stack, ...capabilities }));
  grantKeys = (registered.grantKeys ?? grantKeys) as JSONWebKeySet;
  tell('registered', { device: registered.id });
  return connection;
}
