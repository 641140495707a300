import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { limits } from '../../../src/base/index.ts';
import { Deframer, frameHeaderBytes, writeFrameHeader } from '../../../src/relay/wire/framing.ts';

const max = limits.tcpFrameBytesMax;

function framed(...bodies: readonly Uint8Array[]): Buffer {
  return Buffer.concat(
    bodies.flatMap((body) => {
      const header = Buffer.alloc(frameHeaderBytes);
      writeFrameHeader(header, 0, body.length);
      return [header, body];
    }),
  );
}

/** Feeds the chunks in, and gives what came out: copies, since the frames are lent. */
function read(chunks: readonly Buffer[], deframer = new Deframer()): { frames: Buffer[]; readable: boolean } {
  const frames: Buffer[] = [];
  let readable = true;
  for (const chunk of chunks) {
    readable = deframer.push(chunk, (bytes, start, end) => frames.push(Buffer.from(bytes.subarray(start, end))));
  }
  return { frames, readable };
}

/** Cuts a stream at the given places. */
function cut(stream: Buffer, places: readonly number[]): Buffer[] {
  const at = [0, ...places.map((place) => place % (stream.length + 1)).sort((a, b) => a - b), stream.length];
  return at.slice(1).map((end, index) => stream.subarray(at[index], end));
}

describe('framing on a TCP stream (RFC 4571 section 2)', () => {
  test('a header is the length, high byte first, where it was asked for', () => {
    const bytes = Buffer.alloc(5, 0xff);
    writeFrameHeader(bytes, 1, 0x0102);
    expect(bytes.toString('hex')).toBe('ff0102ffff');
    expect(frameHeaderBytes).toBe(2);
  });

  test('frames in one chunk are parts of that chunk', () => {
    const chunk = framed(Buffer.from('one'), Buffer.from('four'));
    const places: number[][] = [];
    const readable = new Deframer().push(chunk, (bytes, start, end) => {
      expect(bytes).toBe(chunk);
      places.push([start, end]);
    });
    expect(readable).toBe(true);
    expect(places).toEqual([
      [2, 5],
      [7, 11],
    ]);
  });

  test('nothing is held for frames that come whole', () => {
    const deframer = new Deframer();
    expect(read([framed(Buffer.alloc(max)), framed(Buffer.alloc(1))], deframer).frames).toHaveLength(2);
    expect(deframer.heldBytes).toBe(0);
  });

  test('a body in a chunk of its own is a part of that chunk', () => {
    const stream = framed(Buffer.from('whole'));
    const body = stream.subarray(2);
    const deframer = new Deframer();
    const given: Buffer[] = [];
    for (const chunk of [stream.subarray(0, 1), stream.subarray(1, 2), body]) {
      deframer.push(chunk, (bytes) => given.push(bytes));
    }
    expect(given).toHaveLength(1);
    expect(given[0]).toBe(body);
  });

  test('a frame without bytes is skipped, wherever it stands', () => {
    const empty = Buffer.alloc(0);
    const stream = framed(empty, empty, Buffer.from('a'), empty, Buffer.from('b'), empty);
    const each = cut(
      stream,
      [...stream.keys()].map((at) => at),
    );
    for (const chunks of [[stream], each]) {
      expect(read(chunks)).toEqual({ frames: [Buffer.from('a'), Buffer.from('b')], readable: true });
    }
  });

  test('a frame of the largest size is read, whole and in pieces', () => {
    const body = Buffer.alloc(max, 7);
    for (const places of [[], [1], [2], [3], [max + 1], [1, 2, 100, 101]]) {
      expect(read(cut(framed(body), places))).toEqual({ frames: [body], readable: true });
    }
  });

  test('a longer one ends the stream before any of it is kept', () => {
    for (const places of [[], [1], [2], [3]]) {
      const deframer = new Deframer();
      const stream = framed(Buffer.from('good'), Buffer.alloc(max + 1), Buffer.from('late'));
      const chunks = [stream.subarray(0, 6), ...cut(stream.subarray(6), places)];
      expect(read(chunks, deframer)).toEqual({ frames: [Buffer.from('good')], readable: false });
      expect(deframer.heldBytes).toBe(0);
      expect(read([framed(Buffer.from('later'))], deframer)).toEqual({ frames: [], readable: false });
    }
  });

  test('a header says so by itself', () => {
    const header = Buffer.alloc(frameHeaderBytes);
    writeFrameHeader(header, 0, max + 1);
    expect(new Deframer().push(header, () => {})).toBe(false);
    writeFrameHeader(header, 0, max);
    expect(new Deframer().push(header, () => {})).toBe(true);
  });

  test('an ended stream gives nothing more, not even from the chunk at hand', () => {
    const deframer = new Deframer();
    const seen: string[] = [];
    const stream = framed(Buffer.from('a'), Buffer.from('b'), Buffer.from('c'));
    deframer.push(stream.subarray(0, 1), () => {});
    const readable = deframer.push(stream.subarray(1), (bytes, start, end) => {
      seen.push(bytes.toString('latin1', start, end));
      if (seen.length === 2) deframer.end();
    });
    expect(readable).toBe(false);
    expect(seen).toEqual(['a', 'b']);
  });

  test('ending lets go of an unfinished frame', () => {
    const deframer = new Deframer();
    read([framed(Buffer.alloc(max)).subarray(0, 10)], deframer);
    expect(deframer.heldBytes).toBe(max);
    deframer.end();
    expect(deframer.heldBytes).toBe(0);
  });

  test('a taker that throws loses its own frame and no other', () => {
    const deframer = new Deframer();
    const refuse = () => {
      throw new RangeError('not mine');
    };
    const split = framed(Buffer.from('one'));
    read([split.subarray(0, 3)], deframer);
    expect(() => deframer.push(split.subarray(3), refuse)).toThrow(RangeError);
    expect(() => deframer.push(framed(Buffer.from('two')), refuse)).toThrow(RangeError);
    expect(read([framed(Buffer.from('three'))], deframer).frames).toEqual([Buffer.from('three')]);
  });

  test('however frames are cut, the same frames come out', () => {
    const body = fc.oneof(fc.uint8Array({ maxLength: 40 }), fc.uint8Array({ minLength: max - 1, maxLength: max }));
    fc.assert(
      fc.property(fc.array(body, { maxLength: 8 }), fc.array(fc.nat(), { maxLength: 40 }), (bodies, places) => {
        const { frames, readable } = read(cut(framed(...bodies), places));
        expect(readable).toBe(true);
        expect(frames).toEqual(bodies.filter(({ length }) => length > 0).map((each) => Buffer.from(each)));
      }),
    );
  });

  test('no bytes make it throw or hold more than one frame', () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 200 }), { maxLength: 40 }), (chunks) => {
        const deframer = new Deframer();
        let readable = true;
        for (const chunk of chunks) {
          const next = deframer.push(Buffer.from(chunk), (_bytes, start, end) => {
            expect(readable).toBe(true);
            expect(end - start).toBeGreaterThan(0);
            expect(end - start).toBeLessThanOrEqual(max);
          });
          expect(deframer.heldBytes).toBeLessThanOrEqual(max);
          expect(readable || !next).toBe(true);
          readable = next;
        }
      }),
      { numRuns: 500 },
    );
  });
});
