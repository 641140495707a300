import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { limits } from '../../../src/base/index.ts';
import { SendQueue } from '../../../src/relay/tcp/send-queue.ts';
import { frameHeaderBytes } from '../../../src/relay/wire/framing.ts';

const { tcpQueueBytesMax: bytesMax, tcpQueueFramesMax: framesMax } = limits;

/** `size` bytes: an empty header, which the queue does not read, and a body that begins with these bytes and ends with a number. */
function frame(size: number, number: number, ...begin: readonly number[]): Buffer {
  const bytes = Buffer.alloc(size);
  if (size >= frameHeaderBytes + begin.length + 4) bytes.writeUInt32BE(number, size - 4);
  bytes.set(begin.slice(0, size - frameHeaderBytes), frameHeaderBytes);
  return bytes;
}

const media = (number: number, size = 1_000) => frame(size, number, 0x80, 96);
const dtls = (number: number, size = 1_000) => frame(size, number, 22, 254);

function drained(queue: SendQueue): Buffer[] {
  const frames: Buffer[] = [];
  for (let next = queue.shift(); next !== undefined; next = queue.shift()) frames.push(next);
  return frames;
}

describe('what waits for a slow connection', () => {
  test('leaves in the order in which it came, of whatever kind', () => {
    const queue = new SendQueue();
    const frames = [media(0), dtls(1), dtls(2), media(3), media(4), dtls(5)];
    expect(frames.map((each) => queue.push(each))).toEqual([0, 0, 0, 0, 0, 0]);
    expect([queue.frames, queue.bytes]).toEqual([6, 6_000]);
    expect(drained(queue)).toEqual(frames);
    expect([queue.frames, queue.bytes]).toEqual([0, 0]);
  });

  test('may be as many bytes as the bound, and one more costs the oldest media', () => {
    const queue = new SendQueue();
    const half = bytesMax / 2;
    const [first, second, last] = [media(0, half), dtls(1, half), dtls(2, 8)];
    expect([first, second].map((each) => queue.push(each))).toEqual([0, 0]);
    expect(queue.bytes).toBe(bytesMax);
    expect(queue.push(last)).toBe(1);
    expect(queue.bytes).toBe(half + 8);
    expect(drained(queue)).toEqual([second, last]);
  });

  test('may be as many frames as the bound, and one more costs the oldest media', () => {
    const queue = new SendQueue();
    const frames = Array.from({ length: framesMax }, (_, number) =>
      number === 5 ? media(number, 10) : dtls(number, 10),
    );
    expect(frames.reduce((dropped, each) => dropped + Number(queue.push(each)), 0)).toBe(0);
    expect(queue.frames).toBe(framesMax);
    const last = dtls(framesMax, 10);
    expect(queue.push(last)).toBe(1);
    expect(drained(queue)).toEqual([...frames.filter((_, number) => number !== 5), last]);
  });

  test('loses as much media for one frame as that frame needs, and no more', () => {
    const queue = new SendQueue();
    const count = bytesMax / 1_024;
    for (let number = 0; number < count; number++) queue.push(media(number, 1_024));
    expect(queue.push(dtls(count, 2_049))).toBe(3);
    expect(drained(queue).map((each) => each.readUInt32BE(each.length - 4))).toEqual(
      Array.from({ length: count - 2 }, (_, index) => index + 3),
    );
  });

  test('takes no media in while the rest fills it', () => {
    const queue = new SendQueue();
    const control = dtls(0, bytesMax);
    expect(queue.push(control)).toBe(0);
    expect(queue.push(media(1))).toBe(1);
    expect(drained(queue)).toEqual([control]);
  });

  test('overflows when there is nothing left to drop: by bytes', () => {
    const queue = new SendQueue();
    expect(queue.push(media(0))).toBe(0);
    expect(queue.push(dtls(1, bytesMax))).toBe(1);
    expect(queue.push(dtls(2, 10))).toBe('overflow');
  });

  test('overflows when there is nothing left to drop: by frames', () => {
    const queue = new SendQueue();
    for (let number = 0; number < framesMax; number++) expect(queue.push(dtls(number, 10))).toBe(0);
    expect(queue.push(dtls(framesMax, 10))).toBe('overflow');
  });

  test.each<[string, readonly number[], boolean]>([
    ['RTP', [0x80, 96], true],
    ['RTP with its marker', [0xbf, 224], true],
    ['RTP of a low payload type with its marker', [0x80, 191], true],
    ['RTCP', [0x80, 200], false],
    ['the first RTCP type', [0x80, 192], false],
    ['the last RTCP type', [0x80, 223], false],
    ['STUN', [0, 1], false],
    ['DTLS', [22, 254], false],
    ['what lies below RTP', [127, 96], false],
    ['what lies above RTP', [192, 96], false],
  ])('%s: %o is media: %s', (_, begin, isMedia) => {
    const queue = new SendQueue();
    queue.push(frame(1_000, 0, ...begin));
    expect(queue.push(dtls(1, bytesMax))).toBe(isMedia ? 1 : 'overflow');
  });

  test('a frame too short to say is kept', () => {
    const queue = new SendQueue();
    queue.push(frame(frameHeaderBytes + 1, 0, 0x80));
    expect(queue.push(dtls(1, bytesMax))).toBe('overflow');
  });

  test('does what a simple model does', () => {
    const size = fc.oneof(fc.integer({ min: 20, max: 1_500 }), fc.integer({ min: bytesMax / 8, max: bytesMax / 2 }));
    const step = fc.oneof(
      { weight: 4, arbitrary: fc.record({ kind: fc.constantFrom('media' as const, 'control' as const), size }) },
      { weight: 1, arbitrary: fc.constant({ kind: 'shift' as const, size: 0 }) },
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const queue = new SendQueue();
        const model: { media: boolean; frame: Buffer }[] = [];
        for (const [number, { kind, size }] of steps.entries()) {
          if (kind === 'shift') {
            expect(queue.shift()).toBe(model.shift()?.frame);
            continue;
          }
          const next = kind === 'media' ? media(number, size) : dtls(number, size);
          model.push({ media: kind === 'media', frame: next });
          let dropped = 0;
          while (model.reduce((bytes, each) => bytes + each.frame.length, 0) > bytesMax) {
            const oldest = model.findIndex((each) => each.media);
            if (oldest < 0) break;
            model.splice(oldest, 1);
            dropped++;
          }
          const fits = model.reduce((bytes, each) => bytes + each.frame.length, 0) <= bytesMax;
          expect(queue.push(next)).toBe(fits ? dropped : 'overflow');
          if (!fits) return;
          expect(queue.frames).toBe(model.length);
        }
        const left = drained(queue);
        expect(left).toHaveLength(model.length);
        expect(left.every((each, index) => each === model[index]?.frame)).toBe(true);
      }),
    );
  });
});
