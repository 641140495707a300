import type { RpcConnection } from '../../../src/peer/index.ts';
import type { Tell } from './messages.ts';
import type { Candidate, ForeignPeer } from './stack.ts';

/** Sends a peer's candidates as they come, once their session has a name; what the relay refuses, it throws for. */
export function trickling(peer: ForeignPeer, connection: Promise<RpcConnection>, session: Promise<string>, tell: Tell) {
  let count = 0;
  let ended = false;
  let told = false;
  const send = async (candidate: Candidate) => {
    await (await connection).call('trickle', { session: await session, candidate });
    if (candidate.candidate === '') ended = true;
    else count += 1;
    // libdatachannel may say that it is done before it says what it has found: its threads tell the two.
    if (told || !ended || count === 0) return;
    told = true;
    tell('candidatesSent', { count });
  };
  // Nobody waits for it: a refusal ends the process, and its reason is the process's last word.
  peer.onCandidate((candidate) => void send(candidate));
}
