import assert from 'node:assert/strict';
import { LatchkeyError, systemClock } from '../../../src/base/index.ts';
import { openRpc, type RpcConnection, refusalOfHttp, relayTarget } from '../../../src/peer/index.ts';
import { connectResult, inviteParams, type RpcError, read } from '../../../src/protocol/index.ts';
import type { Order, Tell } from './messages.ts';
import type { Candidate, ForeignPeer, ForeignStack } from './stack.ts';
import { trickling } from './trickling.ts';

type ViewerOrder = Order & { role: 'viewer' };

/** A viewer on a foreign stack: an ONVIF client, or one that has nothing but HTTP. */
export async function runViewer(order: ViewerOrder, stack: ForeignStack, tell: Tell): Promise<void> {
  const peer = stack.receiver((picture) => tell('picture', picture));
  void peer.connected.then((fingerprints) => tell('connected', fingerprints));
  try {
    if (order.flow === 'whep') await watchByHttp(order, peer, tell);
    else await watchByOnvif(order, peer, tell);
  } catch (thrown) {
    if (!(thrown instanceof LatchkeyError)) throw thrown;
    tell('refused', { code: thrown.code });
  }
}

async function watchByOnvif(order: ViewerOrder, peer: ForeignPeer, tell: Tell): Promise<void> {
  const opened = Promise.withResolvers<RpcConnection>();
  const named = Promise.withResolvers<string>();
  trickling(peer, opened.promise, named.promise, tell);
  const handlers = {
    async request(method: string, params: unknown): Promise<object> {
      if (method !== 'invite') throw new LatchkeyError('method-unknown');
      const { session, offer } = read(inviteParams, params);
      if (session !== (await named.promise)) throw new LatchkeyError('session-unknown');
      return { answer: await peer.answer(offer) };
    },
    failure(error: RpcError) {
      // A view that ends is the end of this process, and what it was waited for never comes.
      setImmediate(() => assert.fail(`the view ended: ${error.message}`));
    },
  };
  const signal = new AbortController().signal;
  const connection = await openRpc(relayTarget(order.relay), order.token, handlers, systemClock, signal);
  opened.resolve(connection);
  const asked = { peer: order.device, authorization: order.token };
  const offer = order.flow === 'answer' ? { offer: await peer.offer() } : {};
  const { session, answer } = read(connectResult, await connection.call('connect', { ...asked, ...offer }));
  named.resolve(session);
  if (answer !== undefined) await peer.accept(answer);
}

async function watchByHttp(order: ViewerOrder, peer: ForeignPeer, tell: Tell): Promise<void> {
  const authorization = `Bearer ${order.token}`;
  const gathered = candidatesOf(peer);
  const offer = await peer.offer();
  const response = await fetch(new URL(`/whep/${order.device}`, order.relay), {
    method: 'POST',
    headers: { 'content-type': 'application/sdp', authorization },
    body: offer,
  });
  const body = await response.text();
  if (response.status !== 201) throw refusalOfHttp(response.status, undefined, body, systemClock);
  await peer.accept(body);

  const candidates = await gathered;
  const patched = await fetch(new URL(response.headers.get('location') ?? '', order.relay), {
    method: 'PATCH',
    headers: {
      'content-type': 'application/trickle-ice-sdpfrag',
      'if-match': response.headers.get('etag') ?? '',
      authorization,
    },
    body: iceFragment(offer, candidates),
  });
  assert.equal(patched.status, 204);
  tell('candidatesSent', { count: candidates.length });
}

/** All candidates of a peer, once it has no more. */
function candidatesOf(peer: ForeignPeer): Promise<Candidate[]> {
  const candidates: Candidate[] = [];
  return new Promise((resolve) => {
    peer.onCandidate((candidate) => {
      if (candidate.candidate === '') resolve(candidates);
      else candidates.push(candidate);
    });
  });
}

/** A fragment of the first media section of an offer (RFC 8840 section 9), in which all others are bundled. */
function iceFragment(offer: string, candidates: readonly Candidate[]): string {
  const kept = ['a=ice-ufrag:', 'a=ice-pwd:', 'm=', 'a=mid:'].map((begin) =>
    offer.split('\r\n').find((line) => line.startsWith(begin)),
  );
  const lines = [...kept, ...candidates.map(({ candidate }) => `a=${candidate}`), 'a=end-of-candidates'];
  return `${lines.join('\r\n')}\r\n`;
}
