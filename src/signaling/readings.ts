import { asLatchkeyError, LatchkeyError, limits } from '../base/index.ts';
import { inviteResult, read } from '../protocol/index.ts';
import { deviceError } from './device-faults.ts';
import type { CallOutcome } from './rpc-peer.ts';
import { checkCandidate, type Description, readDescription } from './sdp/index.ts';

/**
 * The camera's answer to an offer. `fits` throws for one that there is no room for. Throws what is wrong with it, in words that may be said
 * to a viewer.
 */
export function cameraAnswerOf(
  outcome: CallOutcome,
  offer: Description,
  fits: (answer: Description) => void,
): Description {
  if (outcome.kind !== 'result') throw deviceError(outcome);
  let answer: Description;
  try {
    answer = readDescription(read(inviteResult, outcome.result).answer, 'answer');
    fits(answer);
  } catch (thrown) {
    throw new LatchkeyError('device-answer-invalid', asLatchkeyError(thrown).code, { cause: thrown });
  }
  if (answer.mediaCount !== offer.mediaCount) throw new LatchkeyError('device-answer-invalid', 'media sections');
  return answer;
}

/** The viewer's answer to the camera's offer. Throws `peer-gone`, `viewer-timeout`, or what is wrong with it. */
export function viewerAnswerOf(
  outcome: CallOutcome,
  offer: Description,
  fits: (answer: Description) => void,
): { answer: Description; subprotocols: string[] | undefined } {
  if (outcome.kind === 'gone' || outcome.kind === 'error') throw new LatchkeyError('peer-gone', outcome.kind);
  if (outcome.kind !== 'result') throw new LatchkeyError('viewer-timeout');
  const { answer: given, subprotocols } = read(inviteResult, outcome.result);
  const answer = readDescription(given, 'answer');
  fits(answer);
  if (answer.mediaCount !== offer.mediaCount) throw new LatchkeyError('sdp-malformed', 'media sections');
  return { answer, subprotocols };
}

/** The candidates that both sides of a live view have trickled. */
export class CandidateTally {
  #taken = { viewer: 0, camera: 0 };

  /** Checks one and counts it. Throws `candidate-malformed`, and `rate-exceeded` for too many. */
  take(side: 'viewer' | 'camera', candidate: string | undefined): void {
    if (candidate !== undefined && candidate !== '') checkCandidate(candidate);
    this.#taken[side] += 1;
    if (this.#taken[side] > limits.candidatesPerSessionMax) throw new LatchkeyError('rate-exceeded', 'candidates');
  }
}
