import { describe, expect, it } from 'vitest';
import {
  asErrorCode,
  asLatchkeyError,
  type ErrorCode,
  type ErrorEntry,
  endReasons,
  errorTable,
  LatchkeyError,
} from '../../src/base/index.ts';

const entries = Object.entries(errorTable) as [ErrorCode, ErrorEntry][];

describe.each(entries)('the error %s', (code, entry) => {
  it('has a code of lower-case words', () => {
    expect(code).toMatch(/^[a-z]+(-[a-z]+)*$/);
  });

  it('has an HTTP status that says error', () => {
    expect(entry.http).toBeGreaterThanOrEqual(400);
    expect(entry.http).toBeLessThan(600);
  });

  it('has a JSON-RPC code: of the specification, HTTP-like, or ONVIF’s 1001 to 1003', () => {
    const ofJsonRpc = [-32700, -32600, -32601, -32602, -32603].includes(entry.rpc);
    const likeHttp = entry.rpc >= 400 && entry.rpc < 600;
    const ofOnvif = entry.rpc >= 1001 && entry.rpc <= 1003;
    expect([ofJsonRpc, likeHttp, ofOnvif].filter(Boolean)).toHaveLength(1);
  });

  it('closes a WebSocket, if at all, with a code that a server may send', () => {
    const { close } = entry;
    const ofProtocol = close !== undefined && [1008, 1009, 1011, 1012, 1013].includes(close);
    expect(close === undefined || ofProtocol || (close >= 4000 && close < 5000)).toBe(true);
  });

  it('says so in one line that fits a close frame, and ends with a full stop', () => {
    expect(entry.text).toMatch(/^[A-Z][^\n]*\.$/);
    expect(Buffer.byteLength(entry.text)).toBeLessThanOrEqual(123);
  });
});

describe('the table of errors', () => {
  it('says something else for each code', () => {
    expect(new Set(entries.map(([, { text }]) => text)).size).toBe(entries.length);
  });

  it('tells one who may not from one who cannot know that it exists in no way', () => {
    const refusals = entries.filter(([, { http }]) => http === 403).map(([code]) => code);
    expect(refusals.sort()).toEqual(['device-mismatch', 'device-quarantined', 'device-refused', 'not-allowed']);
  });

  it('is closed: what is no code of it is none', () => {
    expect(asErrorCode('not-allowed')).toBe('not-allowed');
    expect(['', 'NOT-ALLOWED', 'toString', '__proto__', 'constructor', 'nothing'].map(asErrorCode)).toEqual(
      Array(6).fill(undefined),
    );
  });
});

describe('the reasons for an end', () => {
  it.each(Object.entries(endReasons))('%s is told in one line', (reason, text) => {
    expect(reason).toMatch(/^[a-z]+(-[a-z]+)*$/);
    expect(text).toMatch(/^[A-Z][^\n]*\.$/);
    expect(Buffer.byteLength(text)).toBeLessThanOrEqual(123);
  });
});

describe('a LatchkeyError', () => {
  it('says the line of the table', () => {
    const error = new LatchkeyError('not-allowed');
    expect(error).toMatchObject({ name: 'LatchkeyError', code: 'not-allowed', detail: undefined });
    expect(error.message).toBe(errorTable['not-allowed'].text);
    expect(error.entry).toBe(errorTable['not-allowed']);
  });

  it('keeps the detail apart from what a peer reads', () => {
    const error = new LatchkeyError('not-allowed', 'crossed proof');
    expect(error.detail).toBe('crossed proof');
    expect(error.message).toBe(`${errorTable['not-allowed'].text} (crossed proof)`);
    expect(JSON.stringify(error.entry)).not.toContain('crossed');
  });

  it('says how long to wait where it knows', () => {
    expect(new LatchkeyError('overloaded').retryAfterSeconds).toBeUndefined();
    expect(new LatchkeyError('overloaded', undefined, { retryAfterSeconds: 7 }).retryAfterSeconds).toBe(7);
  });

  it('is passed on as it is', () => {
    const error = new LatchkeyError('overloaded');
    expect(asLatchkeyError(error)).toBe(error);
  });

  it.each([[new Error('secret of the database')], ['text'], [undefined], [null], [{ code: 'not-allowed' }]])(
    'is made of %s as `internal`, with the cause kept and not told',
    (thrown) => {
      const error = asLatchkeyError(thrown);
      expect(error).toMatchObject({ code: 'internal', detail: undefined, message: errorTable.internal.text });
      expect(error.cause).toBe(thrown);
    },
  );
});
