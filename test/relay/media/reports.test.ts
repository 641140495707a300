import { expect, test } from 'vitest';
import { engineCellCount } from '../../../src/relay/engine/counters.ts';
import { Ledger } from '../../../src/relay/engine/ledger.ts';
import type { Report } from '../../../src/relay/media/messages.ts';
import { Station } from '../../../src/relay/media/station.ts';
import { portCellCount } from '../../../src/relay/udp/port.ts';
import { at, boundless, credentials, hourMs } from '../support/engine-harness.ts';
import { stun } from '../support/stun-messages.ts';

const nowMs = 1_000_000;

test('however often an address goes from one wire to another, the door hears of it once for each', () => {
  const reports: Report[] = [];
  const ledger = new ArrayBuffer(Ledger.memoryBytes(2));
  const station = new Station(
    {
      rates: boundless,
      hashSeed: 1,
      own: [],
      ledger,
      engineCells: new Float64Array(engineCellCount),
      portCells: new Float64Array(portCellCount),
    },
    3478,
    { send() {} },
    (report) => reports.push(report),
  );
  station.advance(nowMs);
  for (const wire of [0, 1]) {
    new Ledger(ledger).enliven(wire);
    const [viewer, camera] = [credentials(`vie${wire}`), credentials(`cam${wire}`)];
    station.control({ kind: 'open', request: wire, wire, expiresAtMs: nowMs + hourMs, viewer, camera });
  }
  reports.length = 0;
  for (let n = 0; n < 1_000; n++) {
    const bytes = checkOf(n % 2, n);
    station.receive({ path: at(1), pathAt: 0, bytes, start: 0, end: bytes.length });
  }
  expect(reports.filter(({ kind }) => kind === 'moved')).toEqual([
    { kind: 'moved', from: 0, to: 1 },
    { kind: 'moved', from: 1, to: 0 },
  ]);
  expect(reports).toHaveLength(4);
});

function checkOf(wire: number, n: number): Buffer {
  const [viewer, camera] = [credentials(`vie${wire}`), credentials(`cam${wire}`)];
  const transaction = Buffer.alloc(12);
  transaction.writeUInt32BE(n, 8);
  return stun({ transaction, username: `${camera.ufrag}:${viewer.ufrag}`, password: camera.password });
}
