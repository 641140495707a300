import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { limits } from '../../src/base/index.ts';
import { acceptFor, readResponseHead } from '../../src/storm/response-head.ts';

describe('the head of a response', () => {
  it('says what became of the upgrade, and where the frames begin', () => {
    const text = 'HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nSec-WebSocket-Accept: abc=\r\n\r\n';
    const head = readResponseHead(Buffer.from(`${text}frames`));
    expect(head).toEqual({ status: 101, accept: 'abc=', retryAfter: undefined, tookFirst: false, end: text.length });
  });

  it('says whether the first message was taken along with it', () => {
    const took = (value: string) =>
      readResponseHead(Buffer.from(`HTTP/1.1 101 Switching Protocols\r\nLatchkey-First-Message: ${value}\r\n\r\n`));
    expect(took('taken')?.tookFirst).toBe(true);
    expect(took('no')?.tookFirst).toBe(false);
  });

  it('has the time to come back', () => {
    const head = readResponseHead(Buffer.from('HTTP/1.1 503 Service Unavailable\r\nretry-after:  7\r\n\r\n'));
    expect(head).toMatchObject({ status: 503, retryAfter: '7' });
  });

  it('is waited for while it has no end, within its bound', () => {
    const begun = Buffer.from('HTTP/1.1 200 OK\r\n');
    expect(readResponseHead(begun)).toBeUndefined();
    expect(readResponseHead(Buffer.alloc(limits.stormHeadBytesMax, 'a'))).toBeUndefined();
    expect(() => readResponseHead(Buffer.alloc(limits.stormHeadBytesMax + 1, 'a'))).toThrow(TypeError);
  });

  it('is none when it does not begin like one', () => {
    expect(() => readResponseHead(Buffer.from('SSH-2.0-x\r\n\r\n'))).toThrow(TypeError);
  });

  it('throws nothing but a TypeError, whatever comes', () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        try {
          readResponseHead(Buffer.from(`${text}\r\n\r\n`));
        } catch (error) {
          expect(error).toBeInstanceOf(TypeError);
        }
      }),
    );
  });

  it('knows the answer to a key (RFC 6455 section 1.3)', () => {
    expect(acceptFor('dGhlIHNhbXBsZSBub25jZQ==')).toBe('s3pPLMBiTxaQ9kYGzzhZRbK+xOo=');
  });
});
