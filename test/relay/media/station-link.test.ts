import { MessageChannel } from 'node:worker_threads';
import { expect, test } from 'vitest';
import { limits } from '../../../src/base/index.ts';
import { cell, engineCellCount } from '../../../src/relay/engine/counters.ts';
import { placeOfDrop } from '../../../src/relay/engine/drops.ts';
import { Ledger } from '../../../src/relay/engine/ledger.ts';
import { FrameBatch, OnTheWay } from '../../../src/relay/media/frame-batch.ts';
import { Mailbox } from '../../../src/relay/media/mailbox.ts';
import type { Report } from '../../../src/relay/media/messages.ts';
import { inThread } from '../../../src/relay/media/station-link.ts';
import { portCellCount } from '../../../src/relay/udp/port.ts';
import { boundless, credentials, hourMs } from '../support/engine-harness.ts';
import { demandLibc } from '../support/pumped-port.ts';
import { stun } from '../support/stun-messages.ts';

test('a station that died in its wait does not wait any more, for whoever would wake it', async () => {
  await using station = await stationInThread();
  const mailbox = new Mailbox(station.link.waking.mailbox);
  await expect.poll(() => mailbox.announce()).toBe(true);
  station.link.destroy();
  await station.died;
  expect(mailbox.announce()).toBe(false);
});

test('however much comes over TCP, the door is answered in between', async () => {
  await using station = await stationInThread();
  const open = (wire: number) => {
    const [viewer, camera] = [credentials(`vie${wire}`), credentials(`cam${wire}`)];
    station.link.post({ kind: 'open', request: wire, wire, expiresAtMs: Date.now() + hourMs, viewer, camera });
    return expect.poll(() => station.reports).toContainEqual({ kind: 'done', request: wire });
  };
  await open(0);
  const { port1, port2 } = new MessageChannel();
  const connection = 1;
  const remote = { host: '127.0.0.1', port: 5_000 };
  port2.postMessage({ kind: 'connected', connection, remote, local: { host: '127.0.0.1', port: 3_478 } });
  const [messages, frames] = [400, limits.tcpFramesPerMessageMax];
  const check = wrongCheck();
  for (let n = 0; n < messages; n++) {
    const batch = new FrameBatch();
    for (let frame = 0; frame < frames; frame++) batch.add(connection, check, 0, check.length);
    port2.postMessage(batch.take());
  }
  const read = () => station.engineCells[cell.drops + placeOfDrop('integrity')] ?? 0;
  station.link.connect({ port: port1, onTheWay: OnTheWay.newMemory(), wakerPorts: [] });
  await expect.poll(read, { interval: 1 }).toBeGreaterThan(0);
  let readBefore = Number.POSITIVE_INFINITY;
  station.onDone = () => {
    readBefore = read();
  };
  await open(1);
  expect(readBefore).toBeLessThan(messages * frames);
  await expect.poll(read).toBe(messages * frames);
  port2.close();
});

/** A thread on the batched port, and what it has reported. */
async function stationInThread() {
  const libc = await demandLibc();
  const at = { host: '127.0.0.1', port: 0, device: null };
  const ready = Promise.withResolvers<void>();
  const died = Promise.withResolvers<void>();
  const ledger = new SharedArrayBuffer(Ledger.memoryBytes(2));
  for (const wire of [0, 1]) new Ledger(ledger).enliven(wire);
  const engineCells = sharedNumbers(engineCellCount);
  const settings = {
    rates: boundless,
    hashSeed: 1,
    own: [],
    ledger,
    engineCells,
    portCells: sharedNumbers(portCellCount),
  };
  const station = {
    reports: [] as Report[],
    engineCells,
    died: died.promise,
    onDone() {},
    link: inThread(at, libc)(settings, {
      report(report) {
        station.reports.push(report);
        if (report.kind === 'ready') ready.resolve();
        if (report.kind === 'done') station.onDone();
      },
      died: () => died.resolve(),
    }),
    async [Symbol.asyncDispose]() {
      await station.link.close();
    },
  };
  await ready.promise;
  return station;
}

/** The check of somebody who knows the names of a session, and not its password. */
function wrongCheck(): Buffer {
  const [viewer, camera] = [credentials('vie0'), credentials('cam0')];
  return stun({
    transaction: Buffer.alloc(12),
    username: `${camera.ufrag}:${viewer.ufrag}`,
    password: 'x'.repeat(limits.icePasswordCharactersMin),
  });
}

function sharedNumbers(count: number): Float64Array {
  return new Float64Array(new SharedArrayBuffer(8 * count));
}
