import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { limits } from '../../../src/base/index.ts';
import {
  claimsIntegrity,
  looksLikeBindingRequest,
  parseStun,
  type StunMessage,
  shortTermKey,
  verifyIntegrity,
} from '../../../src/relay/wire/stun.ts';
import { attribute, type StunRecipe, stun, stunTypes } from '../support/stun-messages.ts';

const transaction = Buffer.from('0123456789ab');
const password = 'a-password-of-22-letters';
const key = shortTermKey(password);
const check: StunRecipe = { transaction, username: 'camr:view', useCandidate: true, password, fingerprint: true };

describe('what a message says', () => {
  test.each(Object.entries(stunTypes))('a binding %s', (name, type) => {
    expect(parsed(stun({ transaction, type }))).toMatchObject({ class: name, method: 1 });
  });

  test('a method with all of its twelve bits', () => {
    expect(parsed(stun({ transaction, type: 0x3eef })).method).toBe(0xfff);
    expect(parsed(stun({ transaction, type: 0x3fff }))).toMatchObject({ class: 'error', method: 0xfff });
    expect(parsed(stun({ transaction, type: 0x2001 })).method).toBe(0x801);
    expect(parsed(stun({ transaction, type: 0x0021 })).method).toBe(0x011);
  });

  test('a check, whole', () => {
    const bytes = stun(check);
    const message = parsed(bytes);

    expect(message).toEqual({
      class: 'request',
      method: 1,
      transaction: '0123456789ab',
      username: 'camr:view',
      useCandidate: true,
      integrityAt: 20 + 16 + 4,
      integritySha256At: 0,
    });
    expect(claimsIntegrity(message)).toBe(true);
    expect(verifyIntegrity(bytes, message, key)).toBe(true);
  });

  test('a bare header says nothing and proves nothing', () => {
    const bytes = stun({ transaction });
    const message = parsed(bytes);

    expect(message).toMatchObject({ username: undefined, useCandidate: false, integrityAt: 0, integritySha256At: 0 });
    expect(claimsIntegrity(message)).toBe(false);
    expect(verifyIntegrity(bytes, message, key)).toBe(false);
  });

  test('of two usernames the first counts', () => {
    const second = attribute(0x0006, Buffer.from('other:one'));
    expect(parsed(stun({ transaction, username: 'camr:view', behind: [second] })).username).toBe('camr:view');
  });

  test('a username may end on any of the four byte positions', () => {
    for (const username of ['a:b', 'aa:b', 'aa:bb', 'aaa:bb', '']) {
      expect(parsed(stun({ ...check, username })).username).toBe(username);
    }
  });
});

describe('integrity', () => {
  test('SHA-256 alone is enough', () => {
    const bytes = stun({ transaction, username: 'a:b', passwordSha256: password, fingerprint: true });
    expect(claimsIntegrity(parsed(bytes))).toBe(true);
    expect(verifyIntegrity(bytes, parsed(bytes), key)).toBe(true);
    expect(verifyIntegrity(bytes, parsed(bytes), shortTermKey('another'))).toBe(false);
  });

  test('where both are present, both have to be right', () => {
    const both = (sha1: string, sha256: string) => {
      const bytes = stun({ ...check, password: sha1, passwordSha256: sha256 });
      return verifyIntegrity(bytes, parsed(bytes), key);
    };
    expect(both(password, password)).toBe(true);
    expect(both('wrong', password)).toBe(false);
    expect(both(password, 'wrong')).toBe(false);
  });

  test('what stands behind it is not covered, and does not count', () => {
    const behind = [attribute(0x0025), attribute(0x0006, Buffer.from('x:y'))];
    expect(parsed(stun({ transaction, password, behind }))).toMatchObject({
      username: undefined,
      useCandidate: false,
    });
    expect(parsed(stun({ transaction, passwordSha256: password, behind }))).toMatchObject({
      username: undefined,
      useCandidate: false,
    });
  });

  test('a second one does not replace the first', () => {
    const again = [attribute(0x0008, Buffer.alloc(20)), attribute(0x001c, Buffer.alloc(32))];
    const sha1 = stun({ transaction, password, behind: again.slice(0, 1) });
    const sha256 = stun({ transaction, passwordSha256: password, behind: again });

    expect(parsed(sha1).integrityAt).toBe(20);
    expect(parsed(sha256)).toMatchObject({ integrityAt: 0, integritySha256At: 20 });
    expect(verifyIntegrity(sha1, parsed(sha1), key)).toBe(true);
    expect(verifyIntegrity(sha256, parsed(sha256), key)).toBe(true);
  });

  test('it holds without a fingerprint too, and the message is left as it was', () => {
    const bytes = stun({ ...check, fingerprint: false });
    const before = Buffer.from(bytes);
    expect(verifyIntegrity(bytes, parsed(bytes), key)).toBe(true);
    expect(bytes.equals(before)).toBe(true);
  });
});

describe('what is refused', () => {
  test('a check cut off at any length', () => {
    const bytes = stun(check);
    for (let length = 0; length < bytes.length; length++) {
      const expected = length < 20 ? 'truncated' : 'length';
      expect(parseStun(bytes.subarray(0, length)), `length ${length}`).toBe(expected);
    }
  });

  test('a check cut off at any length that then claims to be whole', () => {
    const bytes = stun({ ...check, fingerprint: false });
    const whole = [20, 36, 40];
    for (let length = 20; length < bytes.length; length++) {
      const cut = Buffer.from(bytes.subarray(0, length));
      cut.writeUInt16BE(length - 20, 2);
      const result = parseStun(cut);
      if (whole.includes(length)) expect(result).toMatchObject({ class: 'request' });
      else expect(result, `length ${length}`).toBe(length % 4 === 0 ? 'attribute' : 'length');
    }
  });

  test.each([1, 2, 3, 4, 20])('%i bytes behind the end', (count) => {
    expect(parseStun(Buffer.concat([stun(check), Buffer.alloc(count)]))).toBe('length');
  });

  test('a header with either of its first two bits set', () => {
    expect(parseStun(stun({ transaction, type: 0x4001 }))).toBe('not-stun');
    expect(parseStun(stun({ transaction, type: 0x8001 }))).toBe('not-stun');
  });

  test('another magic cookie', () => {
    const bytes = stun(check);
    bytes.writeUInt8(0x20, 4);
    expect(parseStun(bytes)).toBe('not-stun');
  });

  test('a message above the bound, not one at it', () => {
    const filler = (size: number) => [attribute(0x8022, Buffer.alloc(size - 24))];
    expect(parseStun(stun({ transaction, before: filler(limits.stunMessageBytesMax) }))).toMatchObject({ method: 1 });
    expect(parseStun(stun({ transaction, before: filler(limits.stunMessageBytesMax + 4) }))).toBe('too-large');
  });

  test('a username above the bound, not one at it', () => {
    const longest = 'u'.repeat(2 * limits.iceUfragCharactersMax + 1);
    expect(parsed(stun({ transaction, username: longest })).username).toBe(longest);
    expect(parseStun(stun({ transaction, username: `${longest}u` }))).toBe('attribute');
  });

  test('attributes of a size that is not theirs', () => {
    for (const wrong of [
      attribute(0x0008, Buffer.alloc(16)),
      attribute(0x001c, Buffer.alloc(16)),
      attribute(0x0025, Buffer.alloc(4)),
      attribute(0x8028, Buffer.alloc(8)),
    ]) {
      expect(parseStun(stun({ transaction, before: [wrong] }))).toBe('attribute');
    }
  });

  test('a fingerprint that is wrong, or not at the end', () => {
    const wrong = stun(check);
    wrong.writeUInt8(wrong.readUInt8(wrong.length - 1) ^ 1, wrong.length - 1);
    const early = Buffer.concat([stun({ transaction, fingerprint: true }), attribute(0x8022)]);
    early.writeUInt16BE(early.length - 20, 2);

    expect(parseStun(wrong)).toBe('fingerprint');
    expect(parseStun(early)).toBe('attribute');
  });
});

describe('whatever comes', () => {
  test('random bytes neither throw nor pass', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        const result = parseStun(Buffer.from(bytes));
        expect(typeof result === 'string' || bytes.length >= 20).toBe(true);
      }),
    );
  });

  test('a mutated check neither throws nor reads what lies beyond its end, and is believed only where all that integrity covers is unchanged', () => {
    const original = stun(check);
    const covered = parsed(original).integrityAt + 24;
    const change = fc.record({ at: fc.nat(original.length - 1), to: fc.nat(255) });
    fc.assert(
      fc.property(fc.array(change, { maxLength: 6 }), fc.nat(original.length), (changes, length) => {
        const room = Buffer.concat([original, original]);
        for (const { at, to } of changes) room.writeUInt8(to, at);
        const bytes = room.subarray(0, length);
        const result = parseStun(bytes);
        const alone = parseStun(Buffer.from(bytes));
        expect(result).toEqual(alone);
        if (typeof result === 'string') return;
        const believed = verifyIntegrity(bytes, result, key);
        expect(believed).toBe(part(bytes, covered).equals(part(original, covered)));
      }),
      { numRuns: 500 },
    );
  });
});

/** What integrity covers: all but the length, which stands for a message that ends with the integrity. */
function part(bytes: Buffer, covered: number): Buffer {
  return Buffer.concat([bytes.subarray(0, 2), bytes.subarray(4, covered)]);
}

function parsed(bytes: Buffer): StunMessage {
  const message = parseStun(bytes);
  if (typeof message === 'string') throw new Error(`refused: ${message}`);
  return message;
}

describe('what looks like a check at a first glance', () => {
  const looks = (bytes: Buffer) => looksLikeBindingRequest(bytes, 0, bytes.length);
  const changed = (at: number, value: number) => {
    const bytes = stun(check);
    bytes.writeUInt8(value, at);
    return bytes;
  };

  test('is a Binding request, wherever it lies', () => {
    const request = stun({ transaction });
    expect([stun(check), request].map(looks)).toEqual([true, true]);
    const around = Buffer.concat([Buffer.from('??'), request, Buffer.from('??')]);
    expect(looksLikeBindingRequest(around, 2, 22)).toBe(true);
    for (const [start, end] of [
      [1, 22],
      [3, 23],
      [2, 21],
      [0, 24],
    ] as const) {
      expect(looksLikeBindingRequest(around, start, end)).toBe(false);
    }
  });

  test('is no other class, method, cookie or protocol', () => {
    const { request: _, ...others } = stunTypes;
    for (const type of [0, 2, 3, 0x0101, 0x4001, 0x8001, ...Object.values(others)]) {
      expect(looks(stun({ transaction, type }))).toBe(false);
    }
    for (const at of [0, 1, 4, 5, 6, 7]) expect(looks(changed(at, 0x55))).toBe(false);
  });

  test('is not shorter than a header, however short', () => {
    for (let length = 0; length < 20; length++) expect(looks(stun(check).subarray(0, length))).toBe(false);
  });
});
