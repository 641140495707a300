import { describe, expect, it } from 'vitest';
import { counters, histograms, Metrics, readingLines, type WorkerReadings } from '../../src/telemetry/index.ts';
import { keyOf, seriesIn } from '../support/exposition.ts';
import { quietReadings } from '../support/quiet-readings.ts';

const worker: WorkerReadings = {
  received: { viewer: { packets: 1, bytes: 10 }, camera: { packets: 2, bytes: 20 } },
  forwarded: { viewer: { packets: 3, bytes: 30 }, camera: { packets: 4, bytes: 40 } },
  latches: { viewer: 5, camera: 6 },
  moves: 7,
  drops: { unlatched: 8, integrity: 0 },
  sendErrors: { full: 9, other: 0 },
  receiveErrors: 10,
  kernelDrops: 15,
  receiveCalls: 16,
  sendCalls: 17,
  wires: 13,
  busySeconds: 1.5,
  failed: 2,
};
const tcp = {
  open: 19,
  accepted: 20,
  refused: 21,
  closed: { silent: 22 },
  framesIn: 23,
  framesOut: 24,
  bytesIn: 27,
  bytesOut: 28,
  mediaDropped: 25,
  unsent: 26,
};

function busy(): Metrics {
  const metrics = new Metrics('1.2.3');
  metrics.readFrom({
    ...quietReadings,
    sessions: () => 11,
    devices: () => 12,
    draining: () => true,
    connections: () => 14,
    connectionsHeld: () => 13,
    sharedCache: () => true,
    certificateEndsAtMs: () => 1_800_000_000_500,
    levers: () => ({ quarantined: 28, switches: { sharing: 'off-for' } }),
    admission: () => ({
      inFlight: 15,
      waiting: { viewer: 16, camera: 17 },
      servedPerSecond: { viewer: 18, camera: 19 },
      rampSeconds: { viewer: 20, camera: 21 },
    }),
    relay: () => ({ workers: [worker, { ...worker, moves: 70 }], workersFailed: 5, tcp }),
  });
  return metrics;
}

describe('metrics', () => {
  it('count what they are told, in seconds where it is a time', async () => {
    const metrics = busy();
    metrics.count('latchkey_refusals_total', { code: 'not-allowed', where: 'http' });
    metrics.took('latchkey_answer_seconds', 30);
    const text = await metrics.text();
    expect(text).toContain('latchkey_refusals_total{code="not-allowed",where="http"} 1\n');
    expect(text).toContain('latchkey_answer_seconds_sum 0.03\n');
    expect(text).toContain('latchkey_answer_seconds_bucket{le="0.025"} 0\n');
    expect(text).toContain('latchkey_answer_seconds_bucket{le="0.05"} 1\n');
  });

  it('read the relay, each of its workers and the tables at each scrape', async () => {
    const metrics = busy();
    await metrics.text();
    const text = await metrics.text();
    for (const line of [
      `latchkey_build_info{version="1.2.3",node="${process.version}",transport="ws",udp="dgram"} 1`,
      'latchkey_ready 1',
      'latchkey_sessions 11',
      'latchkey_cameras 12',
      'latchkey_connections 14',
      'latchkey_connections_held 13',
      'latchkey_capacity{of="connections"} 10',
      'latchkey_shared_cache_in_use 1',
      'latchkey_shared_cache_configured 1',
      'latchkey_certificate_end_timestamp_seconds 1800000000.5',
      'latchkey_quarantined_devices 28',
      'latchkey_switch_position{feature="sharing",position="off-for"} 1',
      'latchkey_switch_position{feature="sharing",position="on"} 0',
      'latchkey_admission_waiting{lane="camera"} 17',
      'latchkey_relay_wires{worker="0"} 13',
      'latchkey_relay_packets_total{side="viewer",worker="1"} 1',
      'latchkey_relay_bytes_total{side="camera",worker="0"} 20',
      'latchkey_relay_forwarded_total{side="viewer",worker="0"} 3',
      'latchkey_relay_forwarded_bytes_total{side="camera",worker="0"} 40',
      'latchkey_relay_latches_total{side="camera",worker="0"} 6',
      'latchkey_relay_moves_total{worker="0"} 7',
      'latchkey_relay_moves_total{worker="1"} 70',
      'latchkey_relay_dropped_total{reason="unlatched",worker="0"} 8',
      'latchkey_relay_dropped_total{reason="integrity",worker="0"} 0',
      'latchkey_relay_send_errors_total{reason="full",worker="0"} 9',
      'latchkey_relay_receive_errors_total{worker="0"} 10',
      'latchkey_relay_kernel_drops_total{worker="0"} 15',
      'latchkey_relay_calls_total{direction="receive",worker="0"} 16',
      'latchkey_relay_calls_total{direction="send",worker="1"} 17',
      'latchkey_relay_busy_seconds_total{worker="0"} 1.5',
      'latchkey_relay_workers_failed_total{worker="1"} 2',
      'latchkey_relay_workers_failed_total{worker="tcp"} 1',
      'latchkey_relay_tcp_connections 19',
      'latchkey_relay_tcp_accepted_total 20',
      'latchkey_relay_tcp_refused_total 21',
      'latchkey_relay_tcp_closed_total{reason="silent"} 22',
      'latchkey_relay_tcp_frames_total{direction="receive"} 23',
      'latchkey_relay_tcp_frames_total{direction="send"} 24',
      'latchkey_relay_tcp_bytes_total{direction="receive"} 27',
      'latchkey_relay_tcp_bytes_total{direction="send"} 28',
      'latchkey_relay_tcp_dropped_total{reason="slow-reader"} 25',
      'latchkey_relay_tcp_dropped_total{reason="no-connection"} 26',
    ]) {
      expect(text.split('\n')).toContain(line);
    }
  });

  it('ask everybody once at a scrape', async () => {
    const metrics = new Metrics('1.2.3');
    let asked = 0;
    metrics.readFrom({
      ...quietReadings,
      relay() {
        asked++;
        return quietReadings.relay();
      },
    });
    await metrics.text();
    expect(asked).toBe(1);
  });

  it('are all there before the first event, with 0 for each value of a closed set', async () => {
    const series = seriesIn(await new Metrics('1.2.3').text());
    for (const [name, { labels }] of Object.entries(counters)) {
      const own = series.filter((each) => each.name === name);
      const possible = Object.values(labels).reduce((count, values: readonly string[]) => count * values.length, 1);
      expect([name, own.length]).toEqual([name, possible]);
      expect(own.every(({ value }) => value === 0)).toBe(true);
    }
    for (const name of Object.keys(histograms)) {
      expect(series.map((each) => each.name)).toContain(`${name}_count`);
    }
  });

  it('have the same series after an event as before it', async () => {
    const metrics = busy();
    const keys = (text: string) =>
      seriesIn(text)
        .filter(({ name }) => name.startsWith('latchkey_'))
        .map(keyOf);
    const before = keys(await metrics.text());
    metrics.count('latchkey_alarms_total', { kind: 'cache-mac' });
    metrics.took('latchkey_verification_seconds', 1, { outcome: 'camera' });
    expect(keys(await metrics.text())).toEqual(before);
  });

  it('look at no list of sockets, and know how many files are open', async () => {
    const text = await new Metrics('1.2.3').text();
    expect(text).not.toMatch(/nodejs_active_/);
    const [open] = seriesIn(text).filter(({ name }) => name === 'process_open_fds');
    expect(open?.value).toBeGreaterThan(2);
    expect(open?.value).toBeLessThan(1_000);
  });

  it('tell how long writing them kept the event loop', async () => {
    let nowMs = 0;
    const metrics = new Metrics(
      '1.2.3',
      () => {},
      () => nowMs,
    );
    metrics.readFrom({
      ...quietReadings,
      sessions() {
        nowMs += 3;
        return 0;
      },
    });
    await metrics.text();
    expect(await metrics.text()).toContain('latchkey_scrape_seconds_sum 0.003\n');
  });

  it('take what was seen of a live view when it is over, of each side that sent media', async () => {
    const metrics = busy();
    const silent = { rtpPackets: 0, lost: 0, jitterMs: 0, longestSilenceMs: 0 };
    const camera = { rtpPackets: 97, lost: 3, jitterMs: 4, longestSilenceMs: 800 };
    metrics.finished({ viewer: silent, camera, firstMediaMs: 20 });
    metrics.finished({ viewer: silent, camera: silent, firstMediaMs: undefined });
    // Over too soon for its clock to be known, and so its jitter.
    metrics.finished({ viewer: silent, camera: { ...camera, jitterMs: 0 }, firstMediaMs: undefined });
    const text = await metrics.text();
    for (const line of [
      'latchkey_relay_latch_to_media_seconds_sum 0.02',
      'latchkey_relay_latch_to_media_seconds_count 1',
      'latchkey_relay_loss_ratio_sum{side="camera"} 0.06',
      'latchkey_relay_loss_ratio_count{side="camera"} 2',
      'latchkey_relay_jitter_seconds_sum{side="camera"} 0.004',
      'latchkey_relay_jitter_seconds_count{side="camera"} 1',
      'latchkey_relay_longest_silence_seconds_bucket{le="0.5",side="camera"} 0',
      'latchkey_relay_longest_silence_seconds_bucket{le="1",side="camera"} 2',
      'latchkey_relay_loss_ratio_count{side="viewer"} 0',
    ]) {
      expect(text.split('\n')).toContain(line);
    }
    expect(text).not.toContain('NaN');
  });

  it('have names, units and help by Prometheus’ conventions, and no label that could name anyone', () => {
    const harmless = [
      'version',
      'node',
      'transport',
      'udp',
      'code',
      'where',
      'reason',
      'flow',
      'outcome',
      'from',
    ].concat([
      'kind',
      'what',
      'side',
      'direction',
      'state',
      'lane',
      'worker',
      'of',
      'operation',
      'feature',
      'position',
    ]);
    const told = [...Object.entries(counters), ...Object.entries(histograms)];
    for (const [name, { help, labels }] of [...told, ...Object.entries(readingLines)]) {
      expect(name).toMatch(/^latchkey_[a-z_]+$/);
      expect(help).toMatch(/\.$/);
      for (const label of Array.isArray(labels) ? labels : Object.keys(labels)) expect(harmless).toContain(label);
    }
    for (const name of Object.keys(histograms)) expect(name).toMatch(/_(?:seconds|ratio)$/);
    for (const name of Object.keys(counters)) expect(name).toMatch(/_total$/);
    for (const [name, { type }] of Object.entries(readingLines)) {
      expect(name.endsWith('_total')).toBe(type === 'counter');
    }
  });
});
