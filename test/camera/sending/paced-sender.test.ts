import { expect, test } from 'vitest';
import type { RtpPacket } from 'werift';
import { limits } from '../../../src/base/index.ts';
import { PacedSender } from '../../../src/camera/sending/paced-sender.ts';
import { type PacketizedFrame, RecentFrames } from '../../../src/camera/sending/recent-frames.ts';
import { ManualClock } from '../../support/manual-clock.ts';
import { seededRandom } from '../../support/seeded-random.ts';

const frame = (atMs: number, key: boolean, packets = 1, name = String(atMs)): PacketizedFrame => ({
  key,
  atMs,
  payloads: Array.from({ length: packets }, (_, index) => Buffer.from(`${name}/${index}`)),
});

function sending(seed = 1) {
  const clock = new ManualClock();
  const video: { packet: RtpPacket; atMs: number }[] = [];
  const sound: RtpPacket[] = [];
  const startMs = clock.now();
  const send = {
    video: (packet: RtpPacket) => void video.push({ packet, atMs: clock.now() - startMs }),
    sound: (packet: RtpPacket) => void sound.push(packet),
  };
  const sender = new PacedSender(send, clock, seededRandom(seed));
  const names = () => video.map(({ packet }) => packet.payload.toString());
  const times = () => [...new Set(video.map(({ packet }) => packet.header.timestamp))];
  return { clock, video, sound, sender, names, times };
}

/** How far one RTP time or number lies behind another, across the wrap. */
const step = (from = 0, to = 0, bits = 32) => (to - from + 2 ** bits) % 2 ** bits;

test('nothing is sent before a key frame', () => {
  const { sender, names } = sending();
  sender.frame(frame(0, false));
  sender.frame(frame(66, true));
  sender.frame(frame(132, false));
  expect(names()).toEqual(['66/0', '132/0']);
});

test('packets are numbered on, the last of each picture is marked, and times follow the pictures', () => {
  const { sender, video, times } = sending();
  sender.frame(frame(0, true, 3));
  sender.frame(frame(100, false, 2));
  const headers = video.map(({ packet }) => packet.header);
  expect(headers.map(({ marker }) => marker)).toEqual([false, false, true, false, true]);
  expect(headers.map(({ sequenceNumber }) => step(headers[0]?.sequenceNumber, sequenceNumber, 16))).toEqual([
    0, 1, 2, 3, 4,
  ]);
  expect(step(...times())).toBeCloseTo(9000, -1);
  expect(headers[0]?.sequenceNumber).toBeLessThan(2 ** 15);
});

test('numbers and times of two viewers have nothing in common', () => {
  const [one, two] = [sending(1), sending(2)];
  for (const { sender } of [one, two]) sender.frame(frame(0, true));
  expect(one.times()).not.toEqual(two.times());
});

test('who comes later is sent the last key frame and what followed, with times that lie together', () => {
  const { sender, names, times } = sending();
  sender.catchUp([frame(1000, true), frame(1066, false), frame(1133, false)]);
  sender.frame(frame(1200, false));
  expect(names()).toEqual(['1000/0', '1066/0', '1133/0', '1200/0']);
  const [first, second, third, live] = times();
  expect([step(first, second), step(second, third)]).toEqual([1, 1]);
  expect(step(third, live)).toBe(67 * 90);
});

test('who asks for a key frame is sent it for a second time, later than all before and before all that comes', () => {
  const { sender, clock, names, times } = sending();
  const held = [frame(1000, true), frame(1066, false)];
  for (const each of held) sender.frame(each);
  clock.advance(limits.keyFrameRequestMsMin);
  sender.catchUp(held);
  sender.frame(frame(1133, false));
  expect(names()).toEqual(['1000/0', '1066/0', '1000/0', '1066/0', '1133/0']);
  const order = times();
  expect(order).toHaveLength(5);
  for (let index = 1; index < order.length; index += 1) {
    expect(step(order[index - 1], order[index])).toBeLessThan(2 ** 31);
  }
});

test('requests that follow each other too closely are answered once', () => {
  const { sender, clock, names } = sending();
  const held = [frame(0, true)];
  sender.catchUp(held);
  sender.catchUp(held);
  clock.advance(limits.keyFrameRequestMsMin - 1);
  sender.catchUp(held);
  expect(names()).toHaveLength(1);
  clock.advance(1);
  sender.catchUp(held);
  expect(names()).toHaveLength(2);
});

test('where there is no key frame to give, the next one is waited for', () => {
  const { sender, names } = sending();
  sender.frame(frame(0, true));
  sender.catchUp([]);
  sender.frame(frame(66, false));
  sender.frame(frame(132, true));
  expect(names()).toEqual(['0/0', '132/0']);
});

test('a large picture leaves in bursts of at most so many packets', () => {
  const { sender, clock, video } = sending();
  const packets = limits.packetsPerBurstMax * 3 + 5;
  sender.frame(frame(0, true, packets));
  expect(video).toHaveLength(limits.packetsPerBurstMax);
  sender.frame(frame(1, false, 1));
  clock.advance(1000);
  expect(video).toHaveLength(packets + 1);
  const perBurst = new Map<number, number>();
  for (const { atMs } of video) perBurst.set(atMs, (perBurst.get(atMs) ?? 0) + 1);
  expect(Math.max(...perBurst.values())).toBe(limits.packetsPerBurstMax);
  const bursts = [...perBurst.keys()];
  for (let index = 1; index < bursts.length; index += 1) {
    expect((bursts[index] ?? 0) - (bursts[index - 1] ?? 0)).toBeGreaterThanOrEqual(limits.burstMs);
  }
  expect(video.at(-1)?.packet.payload.toString()).toBe('1/0');
});

test('what does not leave has a bound; past it, a key frame is waited for', () => {
  const { sender, clock, names } = sending();
  sender.frame(frame(0, true, limits.packetsWaitingMax));
  sender.frame(frame(66, false, limits.packetsPerBurstMax + 1));
  sender.frame(frame(132, false, 1));
  sender.frame(frame(198, true, 1));
  clock.advance(60_000);
  expect(names().filter((name) => !name.startsWith('0/'))).toEqual(['198/0']);
  expect(names()).toHaveLength(limits.packetsPerBurstMax + 1);
});

test('sound is numbered and timed by its samples, and waits for no picture', () => {
  const { sender, sound } = sending();
  for (const samples of [960, 480, 960]) sender.sound({ data: Buffer.from('s'), samples });
  const times = sound.map(({ header }) => header.timestamp);
  expect([step(times[0], times[1]), step(times[1], times[2])]).toEqual([960, 480]);
  expect(step(sound[0]?.header.sequenceNumber, sound[2]?.header.sequenceNumber, 16)).toBe(2);
});

test('after the close nothing is sent, not even what waited', () => {
  const { sender, clock, video } = sending();
  sender.frame(frame(0, true, 100));
  sender.close();
  sender.frame(frame(66, false));
  const before = video.length;
  clock.advance(1000);
  expect(video).toHaveLength(before);
  expect(clock.pending).toBe(0);
});

test('what is held begins with the last key frame', () => {
  const recent = new RecentFrames();
  for (const each of [frame(0, false), frame(1, true), frame(2, false), frame(3, true), frame(4, false)])
    recent.push(each);
  expect(recent.frames.map(({ atMs }) => atMs)).toEqual([3, 4]);
});

test('past its bounds, in frames or in bytes, nothing is held until the next key frame', () => {
  const recent = new RecentFrames();
  recent.push(frame(0, true));
  for (let count = 1; count < limits.framesHeldMax; count += 1) recent.push(frame(count, false));
  expect(recent.frames).toHaveLength(limits.framesHeldMax);
  recent.push(frame(10_000, false));
  expect(recent.frames).toEqual([]);
  recent.push({ key: true, atMs: 1, payloads: [Buffer.alloc(limits.framesHeldBytesMax)] });
  expect(recent.frames).toHaveLength(1);
  recent.push(frame(2, false));
  expect(recent.frames).toEqual([]);
});
