import { deviceId, subjectId } from '../../src/base/index.ts';
import type { VerifiedCamera, VerifiedViewer } from '../../src/identity/index.ts';
import { mintCamera, mintViewer } from '../../src/identity/verified.ts';
import { mintProof } from '../../src/ownership/proof.ts';
import type { VerifiedPair } from '../../src/pairing/index.ts';
import { mintPair } from '../../src/pairing/verified-pair.ts';

const hourMs = 3_600_000;

/** Real proofs for tests of the rooms behind identity and ownership. Times are in milliseconds since the epoch. */
export function viewerProof(
  subject: string,
  nowMs: number,
  expiresAtMs = nowMs + hourMs,
  devices: readonly string[] = [],
): VerifiedViewer {
  const evidence = { issuer: 'test', tokenId: undefined, issuedAtMs: nowMs, expiresAtMs };
  return mintViewer(subjectId(subject), evidence, devices.map(deviceId));
}

export function cameraProof(device: string, nowMs: number, expiresAtMs = nowMs + hourMs): VerifiedCamera {
  return mintCamera(deviceId(device), { issuer: 'test', tokenId: undefined, issuedAtMs: nowMs, expiresAtMs });
}

export function pairProof(subject: string, device: string, nowMs: number, expiresAtMs = nowMs + hourMs): VerifiedPair {
  const viewer = viewerProof(subject, nowMs, expiresAtMs);
  const question = { subject: viewer.subject, device: deviceId(device) };
  const answer = { ...question, role: 'owner' as const, notAfterMs: undefined, version: '1' };
  const proof = mintProof(question, answer, 'test', nowMs);
  if (proof === undefined) throw new Error('the test asked for a proof that cannot be');
  return mintPair(viewer, question.device, proof, nowMs);
}
