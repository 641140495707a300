import { describe, expect, it } from 'vitest';
import { type ErrorCode, LatchkeyError, Redacted } from '../../src/base/index.ts';
import type { Identity } from '../../src/identity/index.ts';
import { timedIdentity, type VerificationOutcome } from '../../src/wiring/timed-identity.ts';
import { cameraProof, viewerProof } from '../support/proofs.ts';

const token = new Redacted('a token');

function world(fault?: Error) {
  let nowMs = 0;
  let closed = 0;
  const told: [VerificationOutcome, number][] = [];
  const answer = async <Proof>(proof: Proof): Promise<Proof> => {
    nowMs += 0.25;
    if (fault !== undefined) throw fault;
    return proof;
  };
  const identity: Identity = {
    verify: () => answer(cameraProof('door', 0)),
    verifyViewer: () => answer(viewerProof('alice', 0)),
    verifyCamera: () => answer(cameraProof('door', 0)),
    tickets: { issue: () => undefined, redeem: () => undefined },
    close: () => void closed++,
  };
  const timed = timedIdentity(
    identity,
    (outcome, ms) => told.push([outcome, ms]),
    () => nowMs,
  );
  return { identity, timed, told, closed: () => closed };
}

describe('an identity whose verifications are timed', () => {
  it('says whose each proved to be, and how long it took, less than a millisecond too', async () => {
    const { timed, told } = world();
    await timed.verify(token);
    await timed.verifyViewer(token);
    await timed.verifyCamera(token);
    expect(told).toEqual([
      ['camera', 0.25],
      ['viewer', 0.25],
      ['camera', 0.25],
    ]);
  });

  it.each([
    ['token-expired', 'refused'],
    ['keys-unavailable', 'unavailable'],
  ] as const)('says of %s that it was %s, and lets the error through', async (code: ErrorCode, outcome) => {
    const fault = new LatchkeyError(code);
    const { timed, told } = world(fault);
    await expect(timed.verify(token)).rejects.toBe(fault);
    expect(told).toEqual([[outcome, 0.25]]);
  });

  it('is the same in all else', () => {
    const { identity, timed, closed } = world();
    expect(timed.tickets).toBe(identity.tickets);
    timed.close?.();
    expect(closed()).toBe(1);
  });
});
