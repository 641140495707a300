import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { limits } from '../../src/base/index.ts';
import { NotResp, RespReader, type RespReply, respCommand } from '../../src/ownership/resp.ts';

/** What is read of a stream that comes in these pieces; `broken` ends it where it cannot be read any further. */
function readAll(...chunks: (string | Uint8Array)[]): (RespReply | 'broken')[] {
  const reader = new RespReader();
  const replies: (RespReply | 'broken')[] = [];
  try {
    for (const chunk of chunks) for (const reply of reader.read(Buffer.from(chunk))) replies.push(reply);
  } catch (thrown) {
    expect(thrown).toBeInstanceOf(NotResp);
    replies.push('broken');
  }
  return replies;
}

const bulk = (text: string | undefined): RespReply => ({ type: 'bulk', text });

describe('a reply', () => {
  it.each<[string, RespReply]>([
    ['+OK\r\n', { type: 'status', text: 'OK' }],
    ['-ERR no\r\n', { type: 'error', text: 'ERR no' }],
    [':1\r\n', { type: 'integer', text: '1' }],
    ['$3\r\nabc\r\n', bulk('abc')],
    ['$0\r\n\r\n', bulk('')],
    ['$-1\r\n', bulk(undefined)],
    ['$5\r\na\r\nb\n\r\n', bulk('a\r\nb\n')],
  ])('%j is read', (text, reply) => {
    expect(readAll(text)).toEqual([reply]);
  });

  it.each([
    '*1\r\n:1\r\n',
    '>1\r\n_\r\n',
    '_\r\n',
    'x\r\n',
    '\r\n',
    '$\r\n\r\n',
    '$-2\r\n',
    '$+1\r\na\r\n',
    '$01\r\na\r\n',
    '$1e1\r\na\r\n',
    '$1\r\nab\r\n',
    '$999999999\r\n',
    '$9999999999\r\n',
  ])('%j is none', (text) => {
    expect(readAll(text)).toEqual(['broken']);
  });

  it('has so many bytes and no more', () => {
    const longest = 'x'.repeat(limits.sharedReplyBytesMax);
    expect(readAll(`$${longest.length}\r\n${longest}\r\n`)).toEqual([bulk(longest)]);
    expect(readAll(`$${longest.length + 1}\r\n`)).toEqual(['broken']);
    expect(readAll(`+${longest}\r\n`)).toEqual([{ type: 'status', text: longest }]);
    expect(readAll(`+${longest}x\r\n`)).toEqual(['broken']);
  });

  it('without an end is not waited for for ever', () => {
    expect(readAll('+', 'x'.repeat(limits.sharedReplyBytesMax), 'x')).toEqual(['broken']);
  });

  it('is the same however its stream is cut', () => {
    const reply = fc.oneof(
      fc.string({ unit: 'binary-ascii' }).map(bulk),
      fc.constant(bulk(undefined)),
      fc.stringMatching(/^[ -~]*$/).map((text): RespReply => ({ type: 'status', text })),
    );
    const written = (each: RespReply) => {
      if (each.type !== 'bulk') return `+${each.text}\r\n`;
      return each.text === undefined ? '$-1\r\n' : `$${each.text.length}\r\n${each.text}\r\n`;
    };
    fc.assert(
      fc.property(fc.array(reply), fc.array(fc.nat(200)), (replies, cuts) => {
        const stream = Buffer.from(replies.map(written).join(''), 'latin1');
        const edges = [0, ...cuts.map((cut) => cut % (stream.length + 1)), stream.length].sort((a, b) => a - b);
        const pieces = edges.slice(1).map((end, n) => stream.subarray(edges[n], end));
        expect(readAll(...pieces)).toEqual(replies);
      }),
    );
  });

  it('is read or refused, whatever comes', () => {
    const likely = fc.string({
      unit: fc.constantFrom('$', '+', '-', ':', '*', '1', '2', '9', '\r', '\n', '\r\n', 'a'),
    });
    fc.assert(fc.property(fc.array(likely), (chunks) => void readAll(...chunks)));
    fc.assert(fc.property(fc.array(fc.uint8Array()), (chunks) => void readAll(...chunks)));
  });
});

it('a command says how long its parts are, in bytes', () => {
  expect(respCommand(['SET', 'a\r\nb', 'é'])).toBe('*3\r\n$3\r\nSET\r\n$4\r\na\r\nb\r\n$2\r\né\r\n');
});
