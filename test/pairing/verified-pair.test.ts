import { describe, expect, it } from 'vitest';
import { deviceId } from '../../src/base/index.ts';
import type { OwnershipProof } from '../../src/ownership/index.ts';
import { isOwnershipProof } from '../../src/ownership/index.ts';
import { mintProof } from '../../src/ownership/proof.ts';
import { isVerifiedPair } from '../../src/pairing/index.ts';
import { mintPair, samePair } from '../../src/pairing/verified-pair.ts';
import { granting, questionOf, refusing } from '../ownership/support/scripted-source.ts';
import { codeOf } from '../support/codes.ts';
import { disguised, forgeriesOf } from '../support/forgeries.ts';
import { cameraProof, pairProof, viewerProof } from '../support/proofs.ts';

const nowMs = 1_000;
const alice = questionOf('alice', 'cam1');

function ownership(subject = 'alice', device = 'cam1', notAfterMs?: number): OwnershipProof {
  const question = questionOf(subject, device);
  const proof = mintProof(question, granting(question, 'viewer', notAfterMs), 'test', nowMs);
  if (proof === undefined) throw new Error('no proof');
  return proof;
}

describe('a proof of ownership', () => {
  it('is made of an answer that grants and is in force', () => {
    expect(mintProof(alice, granting(alice, 'owner', nowMs + 1), 'test', nowMs)).toMatchObject({
      ...alice,
      role: 'owner',
      notAfterMs: nowMs + 1,
      source: 'test',
      version: '1',
    });
  });

  it.each([
    ['refuses', refusing(alice)],
    ['has ended', granting(alice, 'owner', nowMs)],
    ['ends at no time', granting(alice, 'owner', Number.NaN)],
    ['is for another subject', granting(questionOf('ben', 'cam1'))],
    ['is for another device', granting(questionOf('alice', 'cam10'))],
    ['grants a role that is none', { ...granting(alice), role: 'admin' as 'owner' }],
  ])('is not made of an answer that %s', (_, answer) => {
    expect(mintProof(alice, answer, 'test', nowMs)).toBeUndefined();
  });

  it('is known to be one, and no forgery is', () => {
    expect(isOwnershipProof(ownership())).toBe(true);
    for (const { name, forged } of forgeriesOf(ownership())) expect(isOwnershipProof(forged), name).toBe(false);
  });

  it('is made with its room’s own key alone, and does not change', () => {
    const made = ownership().constructor as new (...given: unknown[]) => unknown;
    expect(() => new made(Symbol('ownership.mint'), granting(alice), 'test')).toThrow(TypeError);
    expect(() => Object.assign(ownership(), { device: 'other' })).toThrow(TypeError);
  });
});

describe('a pair', () => {
  it('is minted of two proofs that agree, and says what they say', () => {
    const viewer = viewerProof('alice', nowMs, nowMs + 500);
    const pair = mintPair(viewer, alice.device, ownership(), nowMs);
    expect(isVerifiedPair(pair)).toBe(true);
    expect({ ...pair }).toEqual({
      ...alice,
      role: 'viewer',
      expiresAtMs: nowMs + 500,
      evidence: { token: viewer.evidence, source: 'test', version: '1' },
    });
  });

  it('ends with the token or with the share, whichever is earlier', () => {
    const end = (token: number, share?: number) =>
      mintPair(viewerProof('alice', nowMs, token), alice.device, ownership('alice', 'cam1', share), nowMs).expiresAtMs;
    expect([end(2_000, 3_000), end(3_000, 2_000), end(2_000)]).toEqual([2_000, 2_000, 2_000]);
  });

  it.each([
    ['of another subject', viewerProof('ben', nowMs), ownership()],
    ['of a subject that begins alike', viewerProof('alice', nowMs), ownership('alice2')],
    ['of another device', viewerProof('alice', nowMs), ownership('alice', 'cam10')],
    ['of a share that has ended', viewerProof('alice', 0), ownership('alice', 'cam1', nowMs + 1)],
  ])('is not minted of a proof %s', async (what, viewer, proof) => {
    const later = what.includes('ended') ? nowMs + 1 : nowMs;
    expect(await codeOf(() => mintPair(viewer, alice.device, proof, later))).toBe('not-allowed');
  });

  it('is not minted of a token that has ended, and says so', async () => {
    const viewer = viewerProof('alice', 0, nowMs);
    expect(await codeOf(() => mintPair(viewer, alice.device, ownership(), nowMs))).toBe('token-expired');
    expect(await codeOf(() => mintPair(viewer, alice.device, ownership(), nowMs - 1))).toBe('done');
  });

  it.each(forgeriesOf(viewerProof('alice', nowMs)))('is not minted for a viewer who is $name', async ({ forged }) => {
    expect(await codeOf(() => mintPair(forged, alice.device, ownership(), nowMs))).toBe('not-allowed');
  });

  it.each(forgeriesOf(ownership()))('is not minted of ownership that is $name', async ({ forged }) => {
    expect(await codeOf(() => mintPair(viewerProof('alice', nowMs), alice.device, forged, nowMs))).toBe('not-allowed');
  });

  it('is not minted for a camera that is called like a viewer', async () => {
    const camera = disguised<ReturnType<typeof viewerProof>>(cameraProof('alice', nowMs));
    expect(await codeOf(() => mintPair(camera, alice.device, ownership(), nowMs))).toBe('not-allowed');
  });

  it.each(forgeriesOf(pairProof('alice', 'cam1', nowMs)))('is not $name', ({ forged }) => {
    expect(isVerifiedPair(forged)).toBe(false);
  });

  it('is made with this room’s own key alone', () => {
    const pair = pairProof('alice', 'cam1', nowMs);
    const made = pair.constructor as new (...given: unknown[]) => unknown;
    for (const key of [undefined, Symbol('pairing.mint'), Symbol.for('pairing.mint'), 'pairing.mint', pair]) {
      expect(() => new made(key, viewerProof('alice', nowMs), ownership())).toThrow(TypeError);
      expect(() => Reflect.construct(made, [key, viewerProof('alice', nowMs), ownership()], Map)).toThrow(TypeError);
    }
  });

  it('does not change, and neither does its evidence', () => {
    const pair = pairProof('alice', 'cam1', nowMs);
    expect(() => Object.assign(pair, { device: deviceId('cam2') })).toThrow(TypeError);
    expect(() => Object.assign(pair.evidence, { source: 'other' })).toThrow(TypeError);
    expect(() => Object.setPrototypeOf(pair, null)).toThrow(TypeError);
  });

  it('does not serialise', () => {
    expect(() => JSON.stringify([pairProof('alice', 'cam1', nowMs)])).toThrow('verifies again');
  });
});

describe('two pairs are the same', () => {
  it('when subject and device are, whole', () => {
    const one = pairProof('alice', 'cam1', nowMs);
    expect(samePair(one, pairProof('alice', 'cam1', nowMs, nowMs + 5))).toBe(true);
    expect(samePair(one, pairProof('alice', 'cam10', nowMs))).toBe(false);
    expect(samePair(one, pairProof('ben', 'cam1', nowMs))).toBe(false);
    expect(samePair(one, pairProof('alicec', 'am1', nowMs))).toBe(false);
  });
});
