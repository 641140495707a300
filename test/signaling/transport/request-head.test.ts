import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { LatchkeyError, limits } from '../../../src/base/index.ts';
import { RequestHead } from '../../../src/signaling/transport/request-head.ts';

describe('the head of a request', () => {
  it('is split at the first question mark and left encoded', () => {
    const head = new RequestHead('GET', '/a%2Fb?c=%20?d', []);
    expect(head).toMatchObject({ method: 'GET', path: '/a%2Fb', query: 'c=%20?d', bodyLength: 0 });
  });

  it('loses the authority of an absolute target', () => {
    expect(new RequestHead('GET', 'HTTPS://relay.test:1/a?b', [])).toMatchObject({ path: '/a', query: 'b' });
  });

  it('has each header once, by its lower-case name, repetitions joined', () => {
    const head = new RequestHead('GET', '/', ['x-a', '1', 'x-b', '2', 'x-a', '3']);
    expect(head.header('x-a')).toBe('1, 3');
    expect(head.header('x-b')).toBe('2');
    expect(head.header('X-A')).toBeUndefined();
  });

  it('has no header that nobody sent', () => {
    const head = new RequestHead('GET', '/', []);
    expect(head.header('__proto__')).toBeUndefined();
    expect(head.header('constructor')).toBeUndefined();
  });

  it.each([
    [['content-length', '12'], 12],
    [['content-length', '0'], 0],
    [['transfer-encoding', 'Chunked'], 'chunked'],
  ])('says of %j that its body has %s bytes', (headers, length) => {
    expect(new RequestHead('POST', '/', headers).bodyLength).toBe(length);
  });

  it.each([
    ['a method in lower case', 'get', '/', []],
    ['a method of nobody', 'FOO', '/', []],
    ['a target that is no path', 'OPTIONS', '*', []],
    ['a target without anything', 'GET', '', []],
    ['an authority alone', 'CONNECT', 'relay.test:1', []],
    ['another scheme', 'GET', 'ftp://relay.test/', []],
    ['a space in the target', 'GET', '/a b', []],
    ['a control character in the target', 'GET', '/a\x01', []],
    ['a byte above ASCII in the query', 'GET', '/?\xe9', []],
    ['two equal lengths', 'POST', '/', ['content-length', '3', 'content-length', '3']],
    ['a list of lengths', 'POST', '/', ['content-length', '3, 3']],
    ['a length and an encoding', 'POST', '/', ['content-length', '3', 'transfer-encoding', 'chunked']],
    ['an encoding that does not end', 'POST', '/', ['transfer-encoding', 'gzip']],
    ['two encodings', 'POST', '/', ['transfer-encoding', 'gzip, chunked']],
    ['a negative length', 'POST', '/', ['content-length', '-1']],
    ['a length with a sign', 'POST', '/', ['content-length', '+1']],
    ['a length in another base', 'POST', '/', ['content-length', '0x1']],
    ['no length at all', 'POST', '/', ['content-length', '']],
    ['a length past exact numbers', 'POST', '/', ['content-length', '9999999999999999']],
    ['an unknown expectation', 'POST', '/', ['expect', 'magic']],
  ])('is refused for %s', (_, method, target, headers) => {
    expect(codeOf(() => new RequestHead(method, target, headers))).toBe('request-malformed');
  });

  it('may have as many headers as the bound says, and not one more', () => {
    const headers = (count: number) => Array.from({ length: count }, () => ['a', 'b']).flat();
    expect(new RequestHead('GET', '/', headers(limits.requestHeadersMax)).path).toBe('/');
    expect(codeOf(() => new RequestHead('GET', '/', headers(limits.requestHeadersMax + 1)))).toBe('headers-too-large');
  });

  it('may be as large as the bound says with its target, and not a byte more', () => {
    const restBytes = limits.requestHeaderBytesMax - '/'.length - 'a'.length;
    expect(new RequestHead('GET', '/', ['a', 'x'.repeat(restBytes)]).path).toBe('/');
    expect(codeOf(() => new RequestHead('GET', '/', ['a', 'x'.repeat(restBytes + 1)]))).toBe('headers-too-large');
    expect(codeOf(() => new RequestHead('GET', '/?', ['a', 'x'.repeat(restBytes)]))).toBe('headers-too-large');
  });

  it('of any kind is read or refused, and never does more harm', () => {
    const text = fc.oneof(fc.string({ unit: 'binary' }), fc.constantFrom('GET', '/', 'content-length', 'chunked', '3'));
    fc.assert(
      fc.property(text, text, fc.array(text), (method, target, headers) => {
        const code = codeOf(() => new RequestHead(method, target, headers));
        expect([undefined, 'request-malformed', 'headers-too-large']).toContain(code);
      }),
    );
  });
});

function codeOf(read: () => unknown): string | undefined {
  try {
    read();
    return undefined;
  } catch (error) {
    return error instanceof LatchkeyError ? error.code : String(error);
  }
}
