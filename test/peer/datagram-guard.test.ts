import fc from 'fast-check';
import { expect, test } from 'vitest';
import { limits } from '../../src/base/index.ts';
import { createDatagramGuard, dropReasons } from '../../src/peer/index.ts';

const relay = { host: '192.0.2.1', port: 3478 };

function guarded() {
  const guard = createDatagramGuard();
  guard.allow([relay]);
  return (datagram: Buffer, host = relay.host, port = relay.port) => guard.judge(datagram, host, port);
}

/** A DTLS record in the clear, with one handshake message. */
function handshake(message: { type?: number; length?: number; offset?: number; fragment?: number; body?: number }) {
  const { type = 11, length = 100, offset = 0, fragment = length, body = fragment } = message;
  const record = Buffer.alloc(13 + 12 + body);
  record[0] = 22;
  record.writeUInt16BE(0xfefd, 1);
  record.writeUInt16BE(12 + body, 11);
  record[13] = type;
  record.writeUIntBE(length, 14, 3);
  record.writeUIntBE(offset, 19, 3);
  record.writeUIntBE(fragment, 22, 3);
  return record;
}

test('nothing is taken before the relay’s addresses are known, nor from anywhere else after', () => {
  const guard = createDatagramGuard();
  const check = Buffer.from([0, 1, 0, 0]);
  expect(guard.judge(check, relay.host, relay.port)).toBe('source');
  guard.allow([relay]);
  expect(guard.judge(check, relay.host, relay.port)).toBeUndefined();
  expect(guard.judge(check, relay.host, relay.port + 1)).toBe('source');
  expect(guard.judge(check, '192.0.2.2', relay.port)).toBe('source');
  expect(guard.judge(check, '192.0.2.11', relay.port)).toBe('source');
});

test('an IPv4 address on an IPv6 socket is the same address', () => {
  expect(guarded()(Buffer.from([0]), '::ffff:192.0.2.1')).toBeUndefined();
  expect(guarded()(Buffer.from([0]), '::FFFF:192.0.2.1')).toBeUndefined();
});

test.each([
  [0, undefined],
  [3, undefined],
  [4, 'class'],
  [19, 'class'],
  [64, 'class'],
  [127, 'class'],
  [128, undefined],
  [191, undefined],
  [192, 'class'],
  [255, 'class'],
])('a datagram that begins with %i is judged as %s', (first, reason) => {
  expect(guarded()(Buffer.from([first, 0, 0, 0]))).toBe(reason);
});

test('an empty datagram is of no class', () => {
  expect(guarded()(Buffer.alloc(0))).toBe('class');
});

test('a handshake message is taken up to its bound, and dropped when it declares more', () => {
  const judge = guarded();
  expect(judge(handshake({ length: limits.handshakeMessageBytesMax, fragment: 1000 }))).toBeUndefined();
  expect(judge(handshake({ length: limits.handshakeMessageBytesMax + 1, fragment: 1000 }))).toBe('handshake');
  expect(judge(handshake({ length: 0xffffff, fragment: 10 }))).toBe('handshake');
});

test('a fragment lies within its message, and within its record', () => {
  const judge = guarded();
  expect(judge(handshake({ length: 100, offset: 60, fragment: 40 }))).toBeUndefined();
  expect(judge(handshake({ length: 100, offset: 61, fragment: 40 }))).toBe('handshake');
  expect(judge(handshake({ length: 100, fragment: 100, body: 99 }))).toBe('handshake');
});

test('a record that is not whole is dropped, at every length', () => {
  const judge = guarded();
  const whole = handshake({ length: 30 });
  for (let length = 1; length < whole.length; length += 1) {
    expect(judge(whole.subarray(0, length))).toBe('record');
  }
  expect(judge(Buffer.concat([whole, whole]))).toBeUndefined();
  expect(judge(Buffer.concat([whole, Buffer.from([22])]))).toBe('record');
  expect(judge(Buffer.concat([whole, handshake({ length: 0xffffff, fragment: 1 })]))).toBe('handshake');
});

test('an encrypted record is not looked into', () => {
  const record = handshake({ length: 0xffffff, fragment: 10 });
  record.writeUInt16BE(1, 3);
  expect(guarded()(record)).toBeUndefined();
});

test('a handshake has a bound as a whole: fragments cannot be piled up', () => {
  const judge = guarded();
  const fragment = handshake({ length: 2000, fragment: 1000 });
  const allowed = Math.floor(limits.handshakeBytesMax / fragment.length);
  for (let count = 0; count < allowed; count += 1) expect(judge(fragment)).toBeUndefined();
  expect(judge(fragment)).toBe('handshake');
});

test('once DTLS is through, it does not begin again in the clear', () => {
  const guard = createDatagramGuard();
  guard.allow([relay]);
  const hello = handshake({ type: 1 });
  expect(guard.judge(hello, relay.host, relay.port)).toBeUndefined();
  guard.established();
  expect(guard.judge(hello, relay.host, relay.port)).toBe('handshake');
  expect(guard.judge(handshake({ type: 16 }), relay.host, relay.port)).toBeUndefined();
});

test('no datagram makes it throw, and every verdict is of the closed set', () => {
  const judge = guarded();
  const dtls = fc
    .uint8Array({ maxLength: 80 })
    .map((bytes) => Buffer.concat([Buffer.from([22, 254, 253, 0, 0]), bytes]));
  fc.assert(
    fc.property(fc.oneof(fc.uint8Array({ maxLength: 80 }), dtls), (bytes) => {
      const verdict = judge(Buffer.from(bytes));
      return verdict === undefined || dropReasons.includes(verdict);
    }),
    { numRuns: 2000 },
  );
});
