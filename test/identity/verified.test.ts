import { describe, expect, it } from 'vitest';
import { deviceId, subjectId } from '../../src/base/index.ts';
import { isVerifiedCamera, isVerifiedViewer } from '../../src/identity/index.ts';
import { mintCamera, mintViewer } from '../../src/identity/verified.ts';
import { forgeriesOf } from '../support/forgeries.ts';
import { cameraProof, viewerProof } from '../support/proofs.ts';

const viewer = viewerProof('alice', 0);
const camera = cameraProof('garden', 0);

describe.each([
  { name: 'a viewer’s proof', proof: viewer, is: isVerifiedViewer },
  { name: 'a camera’s proof', proof: camera, is: isVerifiedCamera },
])('$name', ({ proof, is }) => {
  it('is known to be one', () => {
    expect(is(proof)).toBe(true);
  });

  it.each(forgeriesOf(proof))('is not $name', ({ forged }) => {
    expect(is(forged)).toBe(false);
  });

  it('is made with this room’s own key alone', () => {
    const made = proof.constructor as new (...given: unknown[]) => unknown;
    for (const key of [undefined, Symbol('identity.mint'), Symbol.for('identity.mint'), 'identity.mint', proof]) {
      expect(() => new made(key, 'alice', proof.evidence)).toThrow(TypeError);
    }
  });

  it('does not change', () => {
    expect(() => Object.assign(proof, { subject: 'ben', device: 'other' })).toThrow(TypeError);
    expect(() => Object.assign(proof.evidence, { expiresAtMs: 9e15 })).toThrow(TypeError);
  });

  it('does not serialise', () => {
    expect(() => JSON.stringify({ proof })).toThrow(TypeError);
  });
});

describe('a proof’s evidence', () => {
  it('is a copy of what was verified', () => {
    const evidence = { issuer: 'test', tokenId: undefined, issuedAtMs: 0, expiresAtMs: 1 };
    const proofs = [mintViewer(subjectId('alice'), evidence), mintCamera(deviceId('garden'), evidence)];
    evidence.expiresAtMs = 9;
    expect(proofs.map((proof) => proof.evidence.expiresAtMs)).toEqual([1, 1]);
  });
});

describe('proofs of two kinds', () => {
  it('are not each other’s', () => {
    expect(isVerifiedViewer(camera)).toBe(false);
    expect(isVerifiedCamera(viewer)).toBe(false);
  });
});
