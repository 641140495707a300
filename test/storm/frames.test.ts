import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { limits } from '../../src/base/index.ts';
import { clientFrame, FrameReader, opcodes } from '../../src/storm/frames.ts';

/** A frame as a server sends it: unmasked. */
function serverFrame(opcode: number, payload: Buffer, final = true): Buffer {
  const { length } = payload;
  const head =
    length < 126
      ? Buffer.from([opcode | (final ? 0x80 : 0), length])
      : Buffer.from([opcode | (final ? 0x80 : 0), 126, length >> 8, length & 255]);
  return Buffer.concat([head, payload]);
}

function reading() {
  const heard: string[] = [];
  const reader = new FrameReader({
    text: (text) => heard.push(text),
    ping: (payload) => heard.push(`ping ${payload}`),
    close: (code) => heard.push(`close ${code}`),
  });
  return { reader, heard };
}

describe('the reader of frames', () => {
  it('finds the same messages however the bytes are cut', () => {
    const text = fc.string({ unit: 'binary', maxLength: 300 }).map((each) => Buffer.from(each).toString('utf8'));
    fc.assert(
      fc.property(fc.array(text, { maxLength: 6 }), fc.array(fc.nat(40), { minLength: 1 }), (texts, sizes) => {
        const { reader, heard } = reading();
        const bytes = Buffer.concat(texts.map((each) => serverFrame(opcodes.text, Buffer.from(each))));
        for (let at = 0, turn = 0; at < bytes.length; turn++) {
          const end = at + 1 + (sizes[turn % sizes.length] ?? 0);
          // The piece is overwritten after each push, as a buffer that all sockets share is.
          const piece = Buffer.from(bytes.subarray(at, end));
          expect(reader.push(piece)).toBe(true);
          piece.fill(0xff);
          at = end;
        }
        expect(heard).toEqual(texts);
      }),
    );
  });

  it('puts fragments together, with a ping between them', () => {
    const { reader, heard } = reading();
    reader.push(serverFrame(opcodes.text, Buffer.from('one '), false));
    reader.push(serverFrame(opcodes.ping, Buffer.from('!')));
    reader.push(serverFrame(opcodes.continuation, Buffer.from('two'), true));
    expect(heard).toEqual(['ping !', 'one two']);
  });

  it('tells the close code, and reads nothing behind it', () => {
    const { reader, heard } = reading();
    const close = serverFrame(opcodes.close, Buffer.from([1013 >> 8, 1013 & 255]));
    expect(reader.push(Buffer.concat([close, serverFrame(opcodes.text, Buffer.from('late'))]))).toBe(true);
    expect(heard).toEqual(['close 1013']);
  });

  it.each<[string, Buffer]>([
    ['a masked frame', Buffer.from([0x81, 0x80, 0, 0, 0, 0])],
    ['a reserved bit', Buffer.from([0xc1, 0x00])],
    ['a ping in fragments', Buffer.from([0x09, 0x00])],
    ['a ping of 126 bytes', Buffer.from([0x89, 126, 0, 126])],
    ['a close of one byte', Buffer.from([0x88, 0x01, 0x03])],
    ['a binary message', Buffer.from([0x82, 0x00])],
    ['a continuation of nothing', Buffer.from([0x80, 0x00])],
    ['a message in a message', Buffer.from([0x01, 0x00, 0x81, 0x00])],
    ['an endless length', Buffer.from([0x81, 127, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff])],
  ])('gives up at %s', (_, bytes) => {
    expect(reading().reader.push(bytes)).toBe(false);
  });

  it('takes a message of the bound, and none above it', () => {
    const head = (length: number) => {
      const bytes = Buffer.alloc(10);
      bytes.set([0x81, 127]);
      bytes.writeBigUInt64BE(BigInt(length), 2);
      return bytes;
    };
    const { reader, heard } = reading();
    expect(reader.push(Buffer.concat([head(limits.messageBytesMax), Buffer.alloc(limits.messageBytesMax, 'a')]))).toBe(
      true,
    );
    expect(heard[0]?.length).toBe(limits.messageBytesMax);
    expect(reading().reader.push(head(limits.messageBytesMax + 1))).toBe(false);
  });

  it('keeps the bound over fragments too', () => {
    const { reader } = reading();
    const part = Buffer.alloc(60_000, 'a');
    expect(reader.push(serverFrame(opcodes.text, part, false))).toBe(true);
    expect(reader.push(serverFrame(opcodes.continuation, part, true))).toBe(false);
  });

  it('never throws, whatever comes', () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 64 })), (pieces) => {
        const { reader } = reading();
        for (const piece of pieces) reader.push(Buffer.from(piece));
      }),
    );
  });
});

describe('a client’s frame', () => {
  it.each([0, 1, 125, 126, 65_535, 65_536])('is masked and says its length, with %i bytes', (length) => {
    const payload = Buffer.alloc(length, 'x');
    const frame = clientFrame(opcodes.text, payload, Buffer.from([1, 2, 3, 4]));
    const short = (frame[1] ?? 0) & 0x7f;
    const head = short < 126 ? 2 : short === 126 ? 4 : 10;
    const said = short < 126 ? short : short === 126 ? frame.readUInt16BE(2) : Number(frame.readBigUInt64BE(2));
    expect((frame[1] ?? 0) & 0x80).toBe(0x80);
    expect(said).toBe(length);
    const unmasked = frame.subarray(head + 4).map((byte, at) => byte ^ ((at & 3) + 1));
    expect(Buffer.from(unmasked)).toEqual(payload);
  });
});
