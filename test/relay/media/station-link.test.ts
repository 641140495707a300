import { expect, test } from 'vitest';
import { engineCellCount } from '../../../src/relay/engine/counters.ts';
import { Ledger } from '../../../src/relay/engine/ledger.ts';
import { Mailbox } from '../../../src/relay/media/mailbox.ts';
import { inThread, type StationLink } from '../../../src/relay/media/station-link.ts';
import { loadLibc } from '../../../src/relay/udp/libc.ts';
import { portCellCount } from '../../../src/relay/udp/port.ts';
import { openUdpSocket } from '../../../src/relay/udp/udp-socket.ts';
import { boundless } from '../support/engine-harness.ts';

test('a station that died in its wait does not wait any more, for whoever would wake it', async () => {
  const libc = await loadLibc();
  if (typeof libc === 'string') throw new Error(libc);
  const at = { host: '127.0.0.1', port: 0, device: null };
  const socket = openUdpSocket(libc, at);
  const ready = Promise.withResolvers<void>();
  const died = Promise.withResolvers<void>();
  const settings = {
    rates: boundless,
    hashSeed: 1,
    own: [],
    ledger: new SharedArrayBuffer(Ledger.memoryBytes(1)),
    engineCells: sharedNumbers(engineCellCount),
    portCells: sharedNumbers(portCellCount),
  };
  const link: StationLink = inThread(at, { libc, socket })(settings, {
    report: () => ready.resolve(),
    died: () => died.resolve(),
  });
  const mailbox = new Mailbox(link.waking.mailbox);
  await ready.promise;
  await expect.poll(() => mailbox.announce()).toBe(true);
  link.destroy();
  await died.promise;
  expect(mailbox.announce()).toBe(false);
  socket.close(libc);
});

function sharedNumbers(count: number): Float64Array {
  return new Float64Array(new SharedArrayBuffer(8 * count));
}
