import { createHash, createSecretKey } from 'node:crypto';
import { expect, test } from 'vitest';
import { parseStun, type StunMessage, shortTermKey, verifyIntegrity } from '../../../src/relay/wire/stun.ts';

const password = 'VOkJxbRl1RmTxUk/WvJxBt';
const transactionHex = 'b7e7a701bc34d686fa87dfae';

const vectors = {
  request: hex(`000100582112a442${transactionHex}
    802200105354554e207465737420636c69656e74 002400046e0001ff 80290008932ff9b151263b36
    000600096576746a3a68367659202020 000800149aeaa70cbfd8cb56781ef2b5b2d3f249c1b571a2 80280004e57a3bcf`),
  ipv4Response: hex(`0101003c2112a442${transactionHex}
    8022000b7465737420766563746f7220 002000080001a147e112a643
    000800142b91f599fd9e90c38c7489f92af9ba53f06be7d7 80280004c07d4c96`),
  ipv6Response: hex(`010100482112a442${transactionHex}
    8022000b7465737420766563746f7220 002000140002a1470113a9faa5d3f179bc25f4b5bed2b9d9
    00080014a382954e4be67bf11784c97c8292c275bfe3ed41 80280004c8fb0b4c`),
  longTerm: hex(`000100602112a44278ad3433c6ad72c029da412e
    00060012e3839ee38388e383aae38383e382afe382b90000
    0015001c662f2f3439396b39353464364f4c33346f4c394653547679363473 41
    0014000b6578616d706c652e6f726700 00080014f67024656dd64a3e02b8e0712e85c9a28ca89666`),
} as const;

test('RFC 5769 section 2.1: the request is read and its integrity holds', () => {
  const message = parsed(vectors.request);

  expect(message).toMatchObject({ class: 'request', method: 1, username: 'evtj:h6vY', useCandidate: false });
  expect(Buffer.from(message.transaction, 'latin1').toString('hex')).toBe(transactionHex);
  expect(verifyIntegrity(vectors.request, message, shortTermKey(password))).toBe(true);
});

test.each(['ipv4Response', 'ipv6Response'] as const)('RFC 5769 sections 2.2 and 2.3: the %s is read', (name) => {
  const message = parsed(vectors[name]);

  expect(message).toMatchObject({ class: 'success', method: 1, username: undefined, useCandidate: false });
  expect(verifyIntegrity(vectors[name], message, shortTermKey(password))).toBe(true);
});

test('RFC 5769 section 2.4: the long-term request holds with the key that its realm makes', () => {
  const message = parsed(vectors.longTerm);
  const username = Buffer.from(message.username ?? '', 'latin1').toString('utf8');
  const key = createSecretKey(createHash('md5').update(`${username}:example.org:TheMatrIX`).digest());

  expect(username).toBe('マトリックス');
  expect(verifyIntegrity(vectors.longTerm, message, key)).toBe(true);
});

test.each(Object.keys(vectors) as (keyof typeof vectors)[])('the %s fails with any other password', (name) => {
  const message = parsed(vectors[name]);

  expect(verifyIntegrity(vectors[name], message, shortTermKey(`${password}x`))).toBe(false);
});

test.each(Object.keys(vectors) as (keyof typeof vectors)[])(
  'no changed byte of the %s up to the end of its integrity goes unseen',
  (name) => {
    const original = parsed(vectors[name]);
    const key = name === 'longTerm' ? longTermKey() : shortTermKey(password);
    for (let at = 0; at < original.integrityAt + 24; at++) {
      const bytes = Buffer.from(vectors[name]);
      bytes.writeUInt8(bytes.readUInt8(at) ^ 0x10, at);
      const message = parseStun(bytes);
      const believed = typeof message !== 'string' && verifyIntegrity(bytes, message, key);
      expect(believed, `byte ${at}`).toBe(false);
    }
    expect(verifyIntegrity(vectors[name], original, key)).toBe(true);
  },
);

function longTermKey() {
  return createSecretKey(createHash('md5').update('マトリックス:example.org:TheMatrIX').digest());
}

function parsed(bytes: Buffer): StunMessage {
  const message = parseStun(bytes);
  if (typeof message === 'string') throw new Error(`the vector is refused: ${message}`);
  return message;
}

function hex(text: string): Buffer {
  return Buffer.from(text.replaceAll(/\s/g, ''), 'hex');
}
