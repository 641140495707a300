import { expect, test } from 'vitest';
import { refusalOf, refusalOfClose, refusalOfHttp, retryAfterSeconds, unreachable } from '../../src/peer/index.ts';
import { ManualClock } from '../support/manual-clock.ts';

const clock = new ManualClock(Date.UTC(2026, 0, 1));

test('a problem document says which of the table’s errors it is', () => {
  const refusal = refusalOfHttp(503, '17', '{"code":"keys-unavailable","status":503}', clock);
  expect(refusal).toMatchObject({ code: 'keys-unavailable', retryAfterSeconds: 17 });
});

test.each([
  [401, '', 'token-signature'],
  [403, '<html>', 'not-allowed'],
  [503, '{"code":"__proto__"}', 'overloaded'],
  [418, '{"code":42}', 'relay-unreachable'],
])('HTTP %i with the body %j reads as %s', (status, body, code) => {
  expect(refusalOfHttp(status, undefined, body, clock).code).toBe(code);
});

test.each([
  ['120', 120],
  ['Thu, 01 Jan 2026 00:01:00 GMT', 60],
  ['Thu, 01 Jan 2025 00:00:00 GMT', 0],
  ['soon', undefined],
  [undefined, undefined],
])('Retry-After: %s is %s seconds', (header, seconds) => {
  expect(retryAfterSeconds(header, clock)).toBe(seconds);
});

test('a JSON-RPC error of ours keeps its code and its wait, one of another relay gets the nearest', () => {
  const ours = { code: 503, message: '', data: { reason: 'overloaded', retryAfterSeconds: 3 } };
  expect(refusalOf(ours)).toMatchObject({ code: 'overloaded', retryAfterSeconds: 3 });
  expect(refusalOf({ code: 480, message: '' }).code).toBe('device-offline');
  expect(refusalOf({ code: 7, message: '' }).code).toBe('internal');
});

test.each([
  [1013, '', 'overloaded'],
  [1006, '', 'relay-unreachable'],
  [4401, 'x', 'token-expired'],
  [4409, 'registration-replaced', 'registration-replaced'],
  [1000, 'toString', 'relay-unreachable'],
])('a close with %i %j reads as %s', (close, reason, code) => {
  expect(refusalOfClose(close, reason).code).toBe(code);
});

test.each([
  [Object.assign(new Error('of 192.0.2.1'), { code: 'ECONNREFUSED' }), 'ECONNREFUSED'],
  [Object.assign(new Error(), { code: 'CERT_HAS_EXPIRED' }), 'CERT_HAS_EXPIRED'],
  [Object.assign(new Error(), { code: 'to 192.0.2.1' }), undefined],
  [Object.assign(new Error(), { code: 7 }), undefined],
  [new Error('of 192.0.2.1'), undefined],
  ['nothing', undefined],
])('no connection, by %o: it names the code %s and no more', (cause, detail) => {
  expect(unreachable(cause)).toMatchObject({ code: 'relay-unreachable', detail, cause });
});
