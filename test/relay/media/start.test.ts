import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { LatchkeyError, systemClock } from '../../../src/base/index.ts';
import type { RelayPowers, RelaySettings } from '../../../src/relay/index.ts';
import { socketDescriptors } from '../support/broken-socket.ts';
import { freePorts } from '../support/free-ports.ts';
import { RelayBench } from '../support/relay-bench.ts';
import { ThreadWatch } from '../support/thread-watch.ts';
import { UdpPeer } from '../support/udp-peer.ts';

function open(settings: Partial<RelaySettings>, powers: Partial<RelayPowers> = {}) {
  return RelayBench.open(systemClock, powers, { host: '127.0.0.1', ...settings });
}

describe.each(['batched', 'dgram'] as const)('a relay on %s that cannot start leaves nothing behind', (udp) => {
  let watch: ThreadWatch;
  let before: readonly number[];

  beforeEach(() => {
    watch = new ThreadWatch();
    before = socketDescriptors();
  });

  afterEach(() => {
    watch[Symbol.dispose]();
  });

  function expectNothingLeft(): void {
    expect(watch.running).toEqual([]);
    expect(socketDescriptors()).toEqual(before);
  }

  test('when the port of one of its workers is taken', async () => {
    const base = await freePorts(3);
    const taker = await UdpPeer.open('127.0.0.1', base + 2);
    const opening = open({ udp, workers: 3, port: base });
    await expect(opening).rejects.toBeInstanceOf(LatchkeyError);
    await expect(opening).rejects.toMatchObject({
      code: 'settings-invalid',
      detail: expect.stringContaining(`relay: UDP 127.0.0.1 port ${base + 2} cannot be bound`),
    });
    await taker[Symbol.asyncDispose]();
    expect(watch.threads.length).toBe(udp === 'batched' ? 2 : 3);
    expectNothingLeft();

    await using bench = await open({ udp, workers: 3, port: base });
    expect(bench.relay.addresses.map(({ port }) => port)).toEqual([base, base + 1, base + 2]);
  });

  test('when the thread of one of its workers ends at once', async () => {
    watch.begun = (thread) => {
      if (watch.threads.length === 2) void thread.terminate();
    };
    await expect(open({ udp, workers: 2 })).rejects.toThrow(/^the media worker’s thread ended with code \d$/);
    expect(watch.threads.length).toBe(2);
    expectNothingLeft();
  });

  test('when there is no address to announce', async () => {
    const opening = open({ udp, host: '0.0.0.0' }, { machineAddresses: () => ['::1'] });
    await expect(opening).rejects.toMatchObject({ code: 'settings-invalid' });
    expect(watch.threads.length).toBe(1);
    expectNothingLeft();
  });

  test('when there are not so many ports', async () => {
    await expect(open({ udp, workers: 3, port: 65_534 })).rejects.toMatchObject({
      code: 'settings-invalid',
      detail: 'relay: there are no 3 UDP ports from 65534 on',
    });
    expect(watch.threads).toEqual([]);
    expectNothingLeft();
  });

  test('when its host is none of this machine’s', async () => {
    await expect(open({ udp, host: '192.0.2.1' })).rejects.toMatchObject({ code: 'settings-invalid' });
    expectNothingLeft();
  });
});

test('a network interface is for the batched port alone', async () => {
  using watch = new ThreadWatch();
  await expect(open({ udp: 'dgram', device: 'lo' })).rejects.toMatchObject({
    code: 'settings-invalid',
    detail: expect.stringContaining('relay.interface'),
  });
  expect(watch.threads).toEqual([]);
});
