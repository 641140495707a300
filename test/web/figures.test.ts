import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { FreezeWatch, figuresBetween, type Look, lookAt } from '../../src/web/client/figures.ts';

const blank: Look = { atMs: 0, frames: 0, bytes: 0, width: 0, height: 0, lost: 0 };

describe('figures', () => {
  test('are what came between two looks', () => {
    const before = { ...blank, atMs: 1_000, frames: 30, bytes: 10_000 };
    const now = { atMs: 3_000, frames: 60, bytes: 60_000, width: 640, height: 360, lost: 2 };
    expect(figuresBetween(before, now)).toEqual({
      width: 640,
      height: 360,
      framesPerSecond: 15,
      kilobitsPerSecond: 200,
      lost: 2,
    });
  });

  test('add up sound and picture, and read frames of the picture alone', () => {
    const report = [
      {
        type: 'inbound-rtp',
        kind: 'video',
        framesDecoded: 7,
        bytesReceived: 500,
        frameWidth: 640,
        frameHeight: 360,
        packetsLost: 1,
      },
      { type: 'inbound-rtp', kind: 'audio', framesDecoded: 99, bytesReceived: 50, packetsLost: 2 },
      { type: 'outbound-rtp', kind: 'video', bytesSent: 9_999, bytesReceived: 9_999 },
    ];
    expect(lookAt(report, 5)).toEqual({ atMs: 5, frames: 7, bytes: 550, width: 640, height: 360, lost: 3 });
  });

  test('are numbers whatever a report holds', () => {
    fc.assert(
      fc.property(fc.array(fc.dictionary(fc.string(), fc.anything())), (stats) => {
        const look = lookAt(
          stats.map((entry) => ({ ...entry, type: 'inbound-rtp' })),
          0,
        );
        for (const value of Object.values(look)) expect(Number.isFinite(value)).toBe(true);
      }),
    );
  });
});

describe('a picture', () => {
  test('is frozen when no frame came for longer than the limit', () => {
    const watch = new FreezeWatch(5_000);
    expect(watch.frozen({ ...blank, atMs: 0, frames: 10 })).toBe(false);
    expect(watch.frozen({ ...blank, atMs: 5_000, frames: 10 })).toBe(false);
    expect(watch.frozen({ ...blank, atMs: 5_001, frames: 10 })).toBe(true);
  });

  test('that moves now and then is not', () => {
    const watch = new FreezeWatch(5_000);
    for (let i = 0; i < 20; i += 1) expect(watch.frozen({ ...blank, atMs: i * 4_000, frames: i })).toBe(false);
  });
});
