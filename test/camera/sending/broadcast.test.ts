import { expect, test } from 'vitest';
import { limits } from '../../../src/base/index.ts';
import { createBroadcast } from '../../../src/camera/sending/broadcast.ts';
import type { PacketizedFrame } from '../../../src/camera/sending/recent-frames.ts';
import type { MediaSink, MediaSource } from '../../../src/camera/sources/media.ts';
import { ManualClock } from '../../support/manual-clock.ts';
import { seededRandom } from '../../support/seeded-random.ts';

/** A source that a test plays by hand. */
function broadcasting() {
  const clock = new ManualClock();
  const sinks: MediaSink[] = [];
  const told: string[] = [];
  let playing = 0;
  const source: MediaSource = {
    video: ['VP8'],
    equal: true,
    sound: true,
    play(_codec, sink) {
      sinks.push(sink);
      playing += 1;
      return {
        stop() {
          playing -= 1;
          return Promise.resolve();
        },
      };
    },
  };
  const broadcast = createBroadcast(
    source,
    'VP8',
    { clock, random: seededRandom(3) },
    {
      sourceStarted: () => told.push('started'),
      sourceStopped: () => told.push('stopped'),
      sourceFailed: (reason) => told.push(reason),
    },
  );
  const play = (atMs: number, key: boolean) => sinks.at(-1)?.video({ key, atMs, data: Buffer.from('picture') });
  return { clock, sinks, told, broadcast, play, playing: () => playing };
}

function listener() {
  const frames: PacketizedFrame[] = [];
  return { frames, frame: (frame: PacketizedFrame) => void frames.push(frame), sound: () => {} };
}

test('the source plays while somebody listens, once for all, and at no other time', () => {
  const { broadcast, playing, told } = broadcasting();
  expect(playing()).toBe(0);
  const leave = [broadcast.join(listener()), broadcast.join(listener())];
  expect(playing()).toBe(1);
  leave[0]?.();
  leave[0]?.();
  expect(playing()).toBe(1);
  leave[1]?.();
  expect(playing()).toBe(0);
  expect(told).toEqual(['started', 'stopped']);
});

test('all who listen get the very same packets', () => {
  const { broadcast, play } = broadcasting();
  const [one, two] = [listener(), listener()];
  broadcast.join(one);
  broadcast.join(two);
  play(0, true);
  play(66, false);
  expect(one.frames).toHaveLength(2);
  expect(two.frames[1]).toBe(one.frames[1]);
  expect(broadcast.recent).toEqual(one.frames);
});

test('a source that fails starts again, later and later, and time goes on', () => {
  const { broadcast, play, sinks, clock, told, playing } = broadcasting();
  const one = listener();
  broadcast.join(one);
  play(5000, true);
  clock.advance(1000);
  sinks[0]?.failed('exited');
  expect([playing(), broadcast.recent.length]).toEqual([0, 0]);
  clock.advance(limits.sourceRestartMsFirst);
  expect(playing()).toBe(1);
  play(0, true);
  play(66, false);
  const times = one.frames.map(({ atMs }) => atMs);
  expect(times[1]).toBeGreaterThanOrEqual(1000);
  expect((times[2] ?? 0) - (times[1] ?? 0)).toBeCloseTo(66);
  expect(told).toEqual(['started', 'stopped', 'exited', 'started']);
});

test('time never falls, whatever the source says', () => {
  const { broadcast, play } = broadcasting();
  const one = listener();
  broadcast.join(one);
  for (const atMs of [100, 50, 50, 0, 200]) play(atMs, true);
  const times = one.frames.map(({ atMs }) => atMs);
  for (let index = 1; index < times.length; index += 1) {
    expect(times[index]).toBeGreaterThan(times[index - 1] ?? 0);
  }
});

test('who left while the source was down is not played for', () => {
  const { broadcast, sinks, clock, playing } = broadcasting();
  const leave = broadcast.join(listener());
  sinks[0]?.failed('silent');
  leave();
  clock.advance(limits.sourceRestartMsMax);
  expect(playing()).toBe(0);
  expect(clock.pending).toBe(0);
});

test('the close ends the source, whoever listens', async () => {
  const { broadcast, playing } = broadcasting();
  broadcast.join(listener());
  await broadcast.close();
  expect(playing()).toBe(0);
});
