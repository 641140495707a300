import { describe, expect, it } from 'vitest';
import { limits, Redacted } from '../../src/base/index.ts';
import { readDescription } from '../../src/signaling/sdp/index.ts';
import { answerFault, Crossings, grantFault, offerFault } from '../../src/storm/crossings.ts';
import { describedBy, type Mark, markIn, secretsOf } from '../../src/storm/marks.ts';
import { Owners } from '../../src/storm/owners.ts';

const key = Buffer.alloc(32, 7);
const asked: Mark = { kind: 'offer', subject: 'alice', device: 'door', question: 'q1' };
const answer: Mark = { ...asked, kind: 'answer' };

const owners = new Owners(['door', 'garden'], [{ subject: 'alice', token: new Redacted('t'), devices: ['door'] }]);

describe('a description of the storm', () => {
  it.each(['offer', 'answer'] as const)('is one that a relay takes, and tells whose %s it is', (kind) => {
    const mark = { ...asked, kind };
    const text = describedBy(mark, key);
    const { fingerprints, ice } = readDescription(text, kind);
    const { fingerprint, ufrag, password } = secretsOf(mark, key);
    expect(fingerprints).toEqual([fingerprint]);
    expect(ice).toEqual({ ufrag, password });
    expect(markIn(text, key)).toEqual(mark);
  });

  it('is known again with the relay’s candidates in it', () => {
    const text = describedBy(answer, key).replace('a=mid:0', 'a=candidate:1 1 udp 1 192.0.2.1 9 typ host\r\na=mid:0');
    expect(markIn(text, key)).toEqual(answer);
  });

  it.each<[string, (text: string) => string]>([
    ['another name', (text) => text.replace('alice door', 'alice doorbell')],
    ['another certificate', (text) => text.replace(/fingerprint:sha-256 ../, 'fingerprint:sha-256 00')],
    ['another password', (text) => text.replace(/ice-pwd:../, 'ice-pwd:zz')],
    ['another fragment', (text) => text.replace(/ice-ufrag:../, 'ice-ufrag:zz')],
    ['a second certificate', (text) => `${text}a=fingerprint:sha-256 00\r\n`],
    ['no mark', (text) => text.replace(/a=x-latchkey-storm.*\r\n/, '')],
  ])('is nobody’s with %s', (_, changed) => {
    expect(markIn(changed(describedBy(answer, key)), key)).toBeUndefined();
  });

  it('is nobody’s in another run', () => {
    expect(markIn(describedBy(answer, key), Buffer.alloc(32, 8))).toBeUndefined();
  });
});

describe('a crossing', () => {
  it('is no answer to the very question', () => {
    expect(answerFault(answer, asked)).toBeUndefined();
  });

  it.each<[string, Mark | undefined, RegExp]>([
    ['another camera', { ...answer, device: 'garden' }, /of garden, asked for door/],
    ['another viewer', { ...answer, subject: 'dan' }, /for dan/],
    ['an old question', { ...answer, question: 'q0' }, /another question/],
    ['an offer', asked, /in the place of an answer/],
    ['nobody', undefined, /nobody of this run/],
  ])('is an answer of %s', (_, mark, fault) => {
    expect(answerFault(mark, asked)).toMatch(fault);
  });

  it('is an offer to another camera', () => {
    expect(offerFault(asked, 'door', owners)).toBeUndefined();
    expect(offerFault(asked, 'garden', owners)).toMatch(/of alice to door/);
    expect(offerFault(answer, 'door', owners)).toMatch(/in the place of an offer/);
    expect(offerFault(undefined, 'door', owners)).toMatch(/nobody of this run/);
  });

  it('is an offer of somebody who may not see the camera', () => {
    expect(offerFault({ ...asked, subject: 'ben' }, 'door', owners)).toMatch(/ben, who may not see it/);
  });

  const { fingerprint } = secretsOf(asked, key);
  const claims = { device: 'door', sub: 'alice', sid: 's1', fingerprints: [fingerprint] };
  const grant = (changes: object) =>
    `h.${Buffer.from(JSON.stringify({ ...claims, ...changes })).toString('base64url')}.s`;

  it('is no grant that says what the offer says', () => {
    expect(grantFault(grant({}), asked, 's1', fingerprint)).toBeUndefined();
  });

  it.each<[string, string]>([
    ['another device', grant({ device: 'garden' })],
    ['another subject', grant({ sub: 'dan' })],
    ['another session', grant({ sid: 's2' })],
    ['another certificate', grant({ fingerprints: ['sha-256 00'] })],
    ['one certificate more', grant({ fingerprints: [fingerprint, 'sha-256 00'] })],
    ['nothing that can be read', 'grant'],
  ])('is a grant for %s', (_, text) => {
    expect(grantFault(text, asked, 's1', fingerprint)).toMatch(/^a grant/);
  });

  it('is counted always, and told so often at most', () => {
    const told: string[] = [];
    const crossings = new Crossings(({ at }) => told.push(at));
    for (let index = 0; index <= limits.stormCrossingsToldMax; index++) crossings.add(`camera-${index}`, 'x');
    expect(crossings.total).toBe(limits.stormCrossingsToldMax + 1);
    expect(told).toHaveLength(limits.stormCrossingsToldMax);
    expect(crossings.told).toHaveLength(limits.stormCrossingsToldMax);
  });
});
