import { expect, test, vi } from 'vitest';
import { systemClock } from '../../../src/base/index.ts';
import type { RelaySettings } from '../../../src/relay/index.ts';
import { rtp } from '../support/engine-harness.ts';
import { RelayBench } from '../support/relay-bench.ts';
import { ThreadWatch } from '../support/thread-watch.ts';
import { UdpPeer } from '../support/udp-peer.ts';

const why = 'koffi cannot be loaded: there is no binary for this machine';

vi.mock('../../../src/relay/udp/libc.ts', async (original) => {
  const real = await original<typeof import('../../../src/relay/udp/libc.ts')>();
  return { ...real, loadLibc: async () => why };
});

function open(settings: Partial<RelaySettings>) {
  return RelayBench.open(systemClock, {}, { host: '127.0.0.1', ...settings });
}

test('where the system’s calls cannot be had the relay serves on node:dgram, and says why, once', async () => {
  await using bench = await open({ udp: 'auto', workers: 2 });
  await using viewer = await UdpPeer.open();
  await using camera = await UdpPeer.open();
  expect(bench.log).toEqual([`serving dgram: ${why}`]);
  await bench.wire();
  await bench.latch(viewer, camera);
  bench.send(camera, rtp(1));
  expect((await viewer.next()).bytes).toEqual(rtp(1));
});

test('who demands the batched port there is told why not', async () => {
  using watch = new ThreadWatch();
  await expect(open({ udp: 'batched' })).rejects.toMatchObject({
    code: 'settings-invalid',
    detail: `relay.udp: ${why}`,
  });
  expect(watch.threads).toEqual([]);
});

test('an interface cannot be served alone there', async () => {
  using watch = new ThreadWatch();
  await expect(open({ udp: 'auto', device: 'lo' })).rejects.toMatchObject({
    code: 'settings-invalid',
    detail: expect.stringContaining('relay.interface'),
  });
  expect(watch.threads).toEqual([]);
});
