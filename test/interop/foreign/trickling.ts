import type { RpcConnection } from '../../../src/peer/index.ts';
import type { Tell } from './messages.ts';
import type { Candidate, ForeignPeer } from './stack.ts';

/** Sends a peer's candidates as they come, once their session has a name; what the relay refuses, it throws for. */
export function trickling(peer: ForeignPeer, connection: Promise<RpcConnection>, session: Promise<string>, tell: Tell) {
  let count = 0;
  const send = async (candidate: Candidate) => {
    await (await connection).call('trickle', { session: await session, candidate });
    if (candidate.candidate === '') tell('candidatesSent', { count });
    else count += 1;
  };
  // Nobody waits for it: a refusal ends the process, and its reason is the process's last word.
  peer.onCandidate((candidate) => void send(candidate));
}
