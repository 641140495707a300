import { describe, expect, test } from 'vitest';
import { limits } from '../../../src/base/index.ts';
import { copyOfPath, type Path } from '../../../src/relay/wire/path.ts';
import { seededRandom } from '../../support/seeded-random.ts';
import { BatchedPeer, pathTo } from '../support/batched-peer.ts';
import { UdpPeer } from '../support/udp-peer.ts';

/** What is on its way at once stays below what a socket holds that nobody granted more. */
const groupBytesMax = 128 * 1024;
const groupMax = 64;
const pattern = seededRandom(1).bytes(limits.datagramBytesMax + 256);

/** The datagram of a length: no two neighbours have the same bytes. */
function startOf(length: number): number {
  return length % 251;
}

describe('every datagram comes through byte for byte', () => {
  test.each(['127.0.0.1', '::1'] as const)('at %s, of each length there is', async (host) => {
    using port = await BatchedPeer.open({ host });
    using peer = await BatchedPeer.open({ host });
    for (let length = 0; length <= limits.datagramBytesMax; ) {
      const group: number[] = [];
      for (let bytes = 0; group.length < groupMax && length <= limits.datagramBytesMax; length++) {
        if (group.length > 0 && bytes + length > groupBytesMax) break;
        group.push(length);
        bytes += length;
        peer.port.send(port.path(), 0, pattern, startOf(length), startOf(length) + length);
      }
      peer.port.flush();
      echo(port, group.length);
      let answers = 0;
      peer.receiveUntil(
        () => answers === group.length,
        ({ bytes, start, end }) => {
          const length = group[answers++] ?? -1;
          const at = startOf(length);
          if (end - start !== length || bytes.compare(pattern, at, at + length, start, end) !== 0) {
            throw new Error(`a datagram of ${length} bytes came back otherwise`);
          }
        },
      );
    }
    for (const { counters, faults } of [port, peer]) {
      expect(faults).toEqual({});
      expect(counters.receiveErrors + counters.kernelDrops).toBe(0);
    }
  });

  test.each(['127.0.0.1', '::1'] as const)('for node:dgram at %s', async (host) => {
    using port = await BatchedPeer.open({ host });
    await using peer = await UdpPeer.open(host);
    for (let length = limits.datagramBytesMax; length >= 0; length -= 1_021) {
      const bytes = pattern.subarray(startOf(length), startOf(length) + length);
      peer.send(bytes, port.place());
      let echoed = false;
      await port.pumpUntil(
        () => echoed,
        ({ path, pathAt, bytes: own, start, end }) => {
          port.port.send(copyOfPath(path, pathAt), 0, own, start, end);
          echoed = true;
        },
      );
      expect((await peer.next()).bytes.equals(bytes), `${length} bytes`).toBe(true);
      port.send(pathTo(peer.address), bytes);
      expect((await peer.next()).bytes.equals(bytes), `${length} bytes of other memory`).toBe(true);
    }
  });
});

/** Sends the next `count` datagrams back from where they lie. */
function echo(port: BatchedPeer, count: number): void {
  let from: Path | undefined;
  let left = count;
  port.receiveUntil(
    () => left === 0,
    ({ path, pathAt, bytes, start, end }) => {
      from ??= copyOfPath(path, pathAt);
      port.port.send(from, 0, bytes, start, end);
      left--;
    },
  );
}
