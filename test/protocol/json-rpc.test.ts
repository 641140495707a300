import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { errorTable, LatchkeyError } from '../../src/base/index.ts';
import {
  codeOf,
  errorObjectFor,
  errorText,
  notificationText,
  parseRpc,
  requestText,
  resultText,
  WrittenResult,
} from '../../src/protocol/index.ts';

describe('what is written can be read', () => {
  it.each([
    ['a request', requestText(7, 'connect', { a: 1 }), { kind: 'request', id: 7, method: 'connect', params: { a: 1 } }],
    ['a notification', notificationText('trickle', {}), { kind: 'notification', method: 'trickle', params: {} }],
    ['a result', resultText('x', { b: 2 }), { kind: 'result', id: 'x', result: { b: 2 } }],
    [
      'an error',
      errorText('x', { code: 1, message: 'm' }),
      { kind: 'error', id: 'x', error: { code: 1, message: 'm' } },
    ],
    [
      'a notification of an error',
      errorText(undefined, { code: 1, message: 'm', session: 's' }),
      { kind: 'error', id: undefined, error: { code: 1, message: 'm', session: 's' } },
    ],
    ['an error without an id', errorText(null, { code: 1, message: 'm' }), { kind: 'error', id: undefined }],
  ])('%s', (_, text, message) => {
    expect(parseRpc(text)).toMatchObject(message);
  });

  it('a notification of an error has no id at all, and an answer to what could not be read has null', () => {
    expect(JSON.parse(errorText(undefined, { code: 1, message: '' }))).not.toHaveProperty('id');
    expect(JSON.parse(errorText(null, { code: 1, message: '' }))).toHaveProperty('id', null);
  });

  it.each(['[]', 'null', '"x"', '1', 'true'])('parameters are by name, and never %s', (params) => {
    const text = `{"jsonrpc":"2.0","id":1,"method":"register","params":${params}}`;
    expect(() => parseRpc(text)).toThrow(expect.objectContaining({ code: 'message-invalid' }));
  });

  it.each([
    ['an id of 128 characters', 'x'.repeat(128), 'm'],
    ['an id of 128 characters of two units', '\u{1f4f7}'.repeat(128), 'm'],
    ['an id of none', '', 'm'],
    ['an id with a fraction', -1.5, 'm'],
    ['a method of one character', 1, 'm'],
    ['a method of 64', 1, 'm'.repeat(64)],
  ])('%s is taken', (_, id, method) => {
    expect(parseRpc(JSON.stringify({ jsonrpc: '2.0', id, method }))).toMatchObject({ kind: 'request', id, method });
  });

  it.each([
    ['an id of 129 characters', `"${'x'.repeat(129)}"`, '"m"'],
    ['an id of 129 characters of two units', `"${'\u{1f4f7}'.repeat(129)}"`, '"m"'],
    ['an id beyond all numbers', '1e999', '"m"'],
    ['an id that is an object', '{}', '"m"'],
    ['an id that is true', 'true', '"m"'],
    ['a method of no characters', '1', '""'],
    ['a method of 65', '1', `"${'m'.repeat(65)}"`],
    ['a method that is null', '1', 'null'],
    ['a method that is a number', '1', '1'],
  ])('%s is not', (_, id, method) => {
    const text = `{"jsonrpc":"2.0","id":${id},"method":${method}}`;
    expect(() => parseRpc(text)).toThrow(expect.objectContaining({ code: 'message-invalid' }));
  });

  it.each(['[]', 'null', '"x"', '1', '{}', '{"jsonrpc":2,"method":"m"}', '{"jsonrpc":"1.0","method":"m"}'])(
    '%s is no message',
    (text) => {
      expect(() => parseRpc(text)).toThrow(expect.objectContaining({ code: 'message-invalid' }));
    },
  );

  it('a result may be written already', () => {
    expect(resultText('a"b', new WrittenResult('{"keys":[]}'))).toBe(
      '{"jsonrpc":"2.0","id":"a\\"b","result":{"keys":[]}}',
    );
  });

  it('an `error` notification may be sent with its method’s name, as ONVIF’s text has it', () => {
    const text = '{"jsonrpc":"2.0","method":"error","error":{"code":1001,"message":"x","session":"s"}}';
    expect(parseRpc(text)).toMatchObject({ kind: 'error', id: undefined, error: { code: 1001, session: 's' } });
  });

  it('a request without parameters has none', () => {
    expect(parseRpc('{"jsonrpc":"2.0","id":1,"method":"register"}')).toMatchObject({ params: {} });
  });

  it('foreign data of an error is dropped, its error is not', () => {
    const text = '{"jsonrpc":"2.0","id":1,"error":{"code":5,"message":"m","data":"text"}}';
    expect(parseRpc(text)).toMatchObject({ kind: 'error', error: { code: 5, message: 'm' } });
  });
});

describe('an error object', () => {
  it('says the table’s line and never the detail', () => {
    const error = new LatchkeyError('overloaded', 'a secret', { retryAfterSeconds: 3 });
    expect(errorObjectFor(error, 's1')).toEqual({
      code: 503,
      message: errorTable.overloaded.text,
      session: 's1',
      data: { reason: 'overloaded', retryAfterSeconds: 3 },
    });
    expect(errorObjectFor(new LatchkeyError('not-allowed', 'a secret'))).toEqual({
      code: 403,
      message: errorTable['not-allowed'].text,
      data: { reason: 'not-allowed' },
    });
  });

  it.each(Object.keys(errorTable))('%s is recognised by who gets it', (code) => {
    expect(codeOf({ code: 1, message: '', data: { reason: code } })).toBe(code);
  });

  it.each(['', 'toString', '__proto__', 'viewer-left'])('%j is no code', (reason) => {
    expect(codeOf({ code: 1, message: '', data: { reason } })).toBeUndefined();
  });
});

it('any text at all is a message or an error of the table', () => {
  fc.assert(
    fc.property(fc.oneof(fc.string(), fc.json(), fc.anything().map(textOf)), (text) => {
      try {
        expect(['request', 'notification', 'result', 'error']).toContain(parseRpc(text).kind);
      } catch (thrown) {
        expect(thrown).toBeInstanceOf(LatchkeyError);
      }
    }),
    { numRuns: 500, seed: 20_260 },
  );
});

function textOf(value: unknown): string {
  try {
    return JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'x', params: value, result: value }) ?? '';
  } catch {
    return '';
  }
}
