import { describe, expect, test } from 'vitest';
import { limits } from '../../../src/base/index.ts';
import { BatchMemory, batchMessages, spareMessage, spareVector } from '../../../src/relay/udp/batch-memory.ts';
import { localHostOf, pathOf } from '../../../src/relay/wire/path.ts';
import { seededRandom } from '../../support/seeded-random.ts';
import { pathTo } from '../support/batched-peer.ts';

const headerBytes = 64;
const sockaddrBytes = 28;
/** Where the block lies as far as it knows: low, over the end of 32 bits, and as high as user memory goes. */
const bases = [0x1000n, 2n ** 32n - 0x10000n, 2n ** 32n - 8n, 0x7fff_f7d0_1230n, 2n ** 52n];

/** The fields of a `struct mmsghdr`, with pointers as offsets in the block. */
function headerAt(batch: BatchMemory, base: bigint, address: bigint) {
  const at = Number(address - base);
  const pointer = (offset: number) => Number(batch.memory.readBigUInt64LE(at + offset) - base);
  const bytes = (offset: number) => Number(batch.memory.readBigUInt64LE(at + offset));
  return {
    at,
    name: pointer(0),
    nameBytes: batch.memory.readUInt32LE(at + 8),
    vector: pointer(16),
    vectorCount: bytes(24),
    control: pointer(32),
    controlBytes: bytes(40),
    piece: (index: number) => ({ start: pointerAt(index, 0), bytes: pointerAt(index, 8, 0n) }),
  };

  function pointerAt(index: number, offset: number, from = base): number {
    return Number(batch.memory.readBigUInt64LE(pointer(16) + 16 * index + offset) - from);
  }
}

describe.each(bases)('the block at %i', (base) => {
  const batch = new BatchMemory(() => base);
  const end = batch.memory.length;

  test('gives the kernel no part twice, each on eight bytes, and nothing beyond its end', () => {
    const parts: [number, number][] = [];
    for (let index = 0; index < batchMessages; index++) {
      const header = headerAt(batch, base, batch.received + BigInt(index * headerBytes));
      expect(header).toMatchObject({ nameBytes: sockaddrBytes, vectorCount: 1, controlBytes: 128 });
      expect(header.piece(0)).toEqual({ start: batch.payloadAt(index), bytes: 65_536 });
      expect(header.name).toBe(4 * batch.pathAt(index));
      parts.push([header.at, headerBytes], [header.vector, 16], [header.name, 44]);
      parts.push([header.control, 128], [batch.payloadAt(index), 65_536]);
    }
    for (let index = 0; index <= batchMessages; index++) {
      batch.begin(index, pathTo({ host: '127.0.0.1', port: 9 }, { local: '127.0.0.2' }), 0, index);
      batch.place(index, index, batch.payloadAt(0), 10);
      batch.segment(index, 10);
      const header = headerAt(batch, base, batch.sentAt(index));
      expect(header).toMatchObject({ nameBytes: sockaddrBytes, vectorCount: 1, controlBytes: 64 });
      expect(header.piece(0)).toEqual({ start: batch.payloadAt(0), bytes: 10 });
      parts.push([header.at, headerBytes], [header.name, sockaddrBytes], [header.control, 64], [header.vector, 16]);
    }
    parts.sort(([a], [b]) => a - b);
    for (const [n, [start, bytes]] of parts.entries()) {
      expect(start % 8).toBe(0);
      expect(start + bytes).toBeLessThanOrEqual(parts[n + 1]?.[0] ?? end);
    }
  });

  test('knows where pieces begin and end', () => {
    const [start, bytes] = [batch.payloadAt(3) + 5, 1_000];
    batch.begin(2, pathTo({ host: '::1', port: 9 }), 0, 7);
    batch.place(2, 7, start, bytes);
    batch.lengthen(7, 500);
    batch.place(2, 8, end - 1, 1);
    expect([batch.pieceStart(7), batch.pieceEnd(7)]).toEqual([start, start + bytes + 500]);
    expect([batch.pieceStart(8), batch.pieceEnd(8)]).toEqual([end - 1, end]);
    const header = headerAt(batch, base, batch.sentAt(2));
    expect(header).toMatchObject({ vectorCount: 2, controlBytes: 0 });
    expect([header.piece(0), header.piece(1)]).toEqual([
      { start, bytes: 1_500 },
      { start: end - 1, bytes: 1 },
    ]);
  });
});

describe('the block', () => {
  test.each([4n, 0x1001n, 2n ** 53n - 8n, 2n ** 56n])('is not laid at %i', (base) => {
    expect(() => new BatchMemory(() => base)).toThrow();
  });

  test('takes no piece that is not a datagram of its own', () => {
    const batch = new BatchMemory(() => 0x1000n);
    const [first, end] = [batch.payloadAt(0), batch.memory.length];
    batch.begin(0, pathTo({ host: '::1', port: 9 }), 0, 0);
    for (const [offset, bytes] of [
      [first - 1, 1],
      [0, 10],
      [end, 1],
      [end - 10, 11],
      [first, -1],
      [Number.NaN, 1],
    ] as const) {
      expect(() => batch.place(0, 0, offset, bytes)).toThrow('a datagram lies in the block');
    }
  });

  test('forgets what a message was when it is begun again', () => {
    const batch = new BatchMemory(() => 0x1000n);
    const control = () => headerAt(batch, 0x1000n, batch.sentAt(0));
    batch.begin(0, pathTo({ host: '::1', port: 9 }, { local: '::1' }), 0, 0);
    batch.segment(0, 100);
    expect(control().controlBytes).toBe(64);
    const spare = control().control;
    batch.begin(0, pathTo({ host: '::1', port: 9 }), 0, 0);
    expect(control()).toMatchObject({ controlBytes: 0, vectorCount: 0 });
    batch.segment(0, 100);
    expect(control()).toMatchObject({ controlBytes: 24, control: spare + 40 });
  });

  test.each([undefined, '::1', '127.0.0.3'])(
    'copies a path and nothing else to the spare message, local %s',
    (local) => {
      const batch = new BatchMemory(() => 0x1000n);
      const to = pathTo({ host: '2001:db8::7', port: 77 }, { local, scope: 5 });
      batch.begin(9, to, 0, 3);
      batch.place(9, 3, batch.payloadAt(0), 200);
      batch.segment(9, 100);
      batch.beginSpare(9);
      batch.place(spareMessage, spareVector, batch.payloadAt(0) + 100, 100);
      const [from, spare] = [9, spareMessage].map((index) => headerAt(batch, 0x1000n, batch.sentAt(index)));
      const part = (at = 0, bytes: number) => batch.memory.subarray(at, at + bytes);
      expect(spare).toMatchObject({ vectorCount: 1, controlBytes: local === undefined ? 0 : 40 });
      expect(spare?.piece(0)).toEqual({ start: batch.payloadAt(0) + 100, bytes: 100 });
      expect(part(spare?.name, sockaddrBytes)).toEqual(Buffer.from(to.buffer, 0, sockaddrBytes));
      if (local !== undefined) expect(part(spare?.control, 36)).toEqual(part(from?.control, 36));
    },
  );
});

describe('control messages', () => {
  const batch = new BatchMemory(() => 0x1000n);
  const header = headerAt(batch, 0x1000n, batch.received);
  const room = batch.memory.subarray(header.control, header.control + 128);

  function read(given: number, ...messages: readonly Buffer[]): void {
    room.fill(0xee);
    Buffer.concat(messages).copy(room);
    batch.memory.writeUInt32LE(given, header.at + 40);
    batch.readControl(0);
  }
  const sum = (...messages: readonly Buffer[]) => messages.reduce((bytes, { length }) => bytes + length, 0);
  const local = () => localHostOf(batch.words, batch.pathAt(0));
  const address = Buffer.from(pathOf('::', 9, { local: '127.0.0.2' })?.buffer ?? new ArrayBuffer(), 28, 16);
  const info = message(41, 50, Buffer.concat([address, Buffer.of(1, 0, 0, 0)]));
  const drops = message(1, 40, Buffer.of(0xff, 0xff, 0xff, 0xff));
  const joined = message(17, 104, Buffer.of(0xb0, 0x04, 0, 0));

  test.each([
    ['in one order', [info, drops, joined]],
    ['in another', [joined, info, drops]],
    ['after one that is unknown', [message(1, 29, Buffer.alloc(1)), drops, joined, info]],
  ])('are read %s', (_, all) => {
    read(sum(...all), ...all);
    expect([batch.segmentBytes, batch.kernelDrops, local()]).toEqual([1_200, 0xffffffff, '127.0.0.2']);
  });

  test('that are none say nothing, whatever the message before said', () => {
    read(sum(info, drops, joined), info, drops, joined);
    read(0, info, drops, joined);
    expect([batch.segmentBytes, batch.kernelDrops, local()]).toEqual([0, -1, '::']);
  });

  test.each([
    ['shorter than their head', message(17, 104, Buffer.alloc(4), 15)],
    ['of no length', message(17, 104, Buffer.alloc(4), 0)],
    ['longer than what was given', message(17, 104, Buffer.alloc(4), 25)],
    ['longer than there is', message(17, 104, Buffer.alloc(4), 0xffffffff)],
    ['without their number', message(17, 104, Buffer.alloc(4), 16)],
    ['with half of it', message(17, 104, Buffer.alloc(4), 18)],
    ['without their address', message(41, 50, Buffer.alloc(0))],
    ['with some of it', message(41, 50, Buffer.alloc(16))],
    ['of another level', message(1, 104, Buffer.of(1, 1, 1, 1))],
  ])('%s say nothing', (_, bytes) => {
    read(bytes.length, bytes);
    expect([batch.segmentBytes, batch.kernelDrops, local()]).toEqual([0, -1, '::']);
  });

  test('are read within what was given, whatever they say', () => {
    const random = seededRandom(7);
    const pick = (below: number) => Math.floor(random.fraction() * below);
    for (let round = 0; round < 20_000; round++) {
      const messages = Array.from({ length: 6 }, () => {
        const [level, type] = (
          [
            [41, 50],
            [1, 40],
            [17, 104],
            [pick(50), pick(110)],
          ] as const
        )[pick(4)] ?? [0, 0];
        const data = random.bytes(pick(40));
        return message(level, type, data, pick(4) === 0 ? pick(200) : undefined);
      });
      const given = pick(4) === 0 ? pick(2 ** 32) : pick(200);
      read(given, ...messages);
      const said = [batch.segmentBytes, batch.kernelDrops, local()];
      const model = readCarefully(Buffer.from(room.subarray(0, Math.min(given, 128))));
      expect(said, `round ${round}`).toEqual(model);
    }
  });

  test('leave room for all that the socket is told to say', () => {
    expect(sum(info, drops, joined)).toBeLessThanOrEqual(128);
    expect(limits.batchMessagesMax).toBe(batchMessages);
  });
});

/** A control message as `cmsg(3)` has it. */
function message(level: number, type: number, data: Buffer, saidBytes = 16 + data.length): Buffer {
  const bytes = Buffer.alloc(16 + ((data.length + 7) & ~7));
  bytes.writeUInt32LE(saidBytes, 0);
  bytes.writeUInt32LE(level, 8);
  bytes.writeUInt32LE(type, 12);
  data.copy(bytes, 16);
  return bytes;
}

/** The same by another road: each message is cut out first, and what is beyond its end cannot be read. */
function readCarefully(given: Buffer): [number, number, string] {
  let [segmentBytes, kernelDrops, local] = [0, -1, '::'];
  for (let rest = given; rest.length >= 16; ) {
    const said = rest.readUInt32LE(0);
    if (said < 16 || said > rest.length) break;
    const data = rest.subarray(16, said);
    const kind = `${rest.readUInt32LE(8)} ${rest.readUInt32LE(12)}`;
    if (kind === '17 104' && data.length >= 4) segmentBytes = data.readUInt32LE();
    if (kind === '1 40' && data.length >= 4) kernelDrops = data.readUInt32LE();
    if (kind === '41 50' && data.length >= 20) {
      const words = new Uint32Array(11);
      data.copy(Buffer.from(words.buffer), 28, 0, 16);
      local = localHostOf(words);
    }
    rest = rest.subarray((said + 7) & ~7);
  }
  return [segmentBytes, kernelDrops, local];
}
