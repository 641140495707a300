import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, test } from 'vitest';
import { limits } from '../../../src/base/index.ts';
import type { RelaySettings } from '../../../src/relay/index.ts';
import { ManualClock } from '../../support/manual-clock.ts';
import { socketDescriptors } from '../support/broken-socket.ts';
import { emptySizes, rtp } from '../support/engine-harness.ts';
import { RelayBench } from '../support/relay-bench.ts';
import { ThreadWatch } from '../support/thread-watch.ts';
import { UdpPeer } from '../support/udp-peer.ts';

function open(settings: Partial<RelaySettings>) {
  return RelayBench.open(new ManualClock(Date.now()), {}, { host: '127.0.0.1', ...settings });
}

describe.each(['batched', 'dgram'] as const)('the close of a relay on %s', (udp) => {
  test('comes through while media pours in, and lets go of threads, ports and timers', async () => {
    using watch = new ThreadWatch();
    const before = socketDescriptors();
    const bench = await open({ udp, workers: 2 });
    const [viewer, camera] = [await UdpPeer.open(), await UdpPeer.open()];
    await bench.wire();
    await bench.wire(bench.pair(), bench.session(), 2);
    await bench.latch(viewer, camera);
    let pouring = true;
    let sent = 0;
    const pour = () => {
      if (!pouring) return;
      for (let n = 0; n < 50; n++) bench.send(camera, rtp(sent++));
      setImmediate(pour);
    };
    pour();
    for (let n = 0; n < 500; n++) await viewer.next();

    await Promise.all([bench.relay.close(), bench.relay.close()]);
    await bench.relay.close();
    pouring = false;
    expect(bench.told.filter((line) => line.startsWith('ended')).sort()).toEqual([
      'ended relay-stopping',
      'ended relay-stopping 2',
    ]);
    expect(watch.running).toEqual([]);
    expect(bench.clock.pending).toBe(0);
    expect(bench.relay.gauges).toEqual(emptySizes);
    expect(() => bench.reserve()).toThrow(expect.objectContaining({ code: 'overloaded' }));
    await using again = await UdpPeer.open('127.0.0.1', bench.port);
    expect(again.address.port).toBe(bench.port);
    await Promise.all([viewer[Symbol.asyncDispose](), camera[Symbol.asyncDispose]()]);
    expect(socketDescriptors().length).toBe(before.length + 1);
  });

  test('refuses the wires that are about to open, and tells them of no end', async () => {
    using watch = new ThreadWatch();
    await using bench = await open({ udp });
    const place = bench.reserve();
    watch.withhold('open');
    const opening = expect(bench.openAt(bench.reserve())).rejects.toMatchObject({ code: 'overloaded' });
    await bench.relay.close();
    await opening;
    await expect(bench.openAt(place, 2)).rejects.toMatchObject({ code: 'overloaded' });
    expect(bench.told).toEqual([]);
    expect(bench.clock.pending).toBe(0);
  });

  test('does not wait for ever for a thread that does not go', async () => {
    using watch = new ThreadWatch();
    await using bench = await open({ udp });
    await using viewer = await UdpPeer.open();
    await using camera = await UdpPeer.open();
    await bench.wire();
    await bench.latch(viewer, camera);
    watch.withhold('close');
    const closing = bench.relay.close();
    expect(bench.relay.gauges.wires).toBe(1);
    bench.clock.advance(limits.workerAnswerMsMax);
    await closing;
    expect(bench.told).toContain('ended relay-stopping');
    expect(watch.running).toEqual([]);
    expect(bench.clock.pending).toBe(0);
  });

  test('leaves nothing that would keep the process alive', async () => {
    const script = join(import.meta.dirname, '../support/closing-relay.ts');
    const { stdout } = await promisify(execFile)(process.execPath, [
      '--disable-warning=ExperimentalWarning',
      script,
      udp,
    ]);
    expect(JSON.parse(stdout)).toEqual({ closed: true, wires: 2, ended: 2 });
  });
});
