import { describe, expect, it } from 'vitest';
import { Metrics, type RelayReadings } from '../../src/telemetry/index.ts';

const readings: RelayReadings = {
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
  workersFailed: 18,
  tcp: {
    open: 19,
    accepted: 20,
    refused: 21,
    closed: { silent: 22 },
    framesIn: 23,
    framesOut: 24,
    mediaDropped: 25,
    unsent: 26,
  },
};

function busy(): Metrics {
  const metrics = new Metrics('1.2.3');
  metrics.readFrom({
    sessions: () => 11,
    devices: () => 12,
    draining: () => 0,
    connections: () => 14,
    sharedCache: () => 1,
    wires: () => 13,
    admission: () => ({
      inFlight: 15,
      waiting: { viewer: 16, camera: 17 },
      servedPerSecond: { viewer: 18, camera: 19 },
      rampSeconds: { viewer: 20, camera: 21 },
    }),
    relay: () => readings,
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

  it('read the relay and the tables at each scrape', async () => {
    const metrics = busy();
    await metrics.text();
    const text = await metrics.text();
    for (const line of [
      'latchkey_sessions 11',
      'latchkey_cameras 12',
      'latchkey_relay_wires 13',
      'latchkey_connections 14',
      'latchkey_relay_packets_total{side="viewer"} 1',
      'latchkey_relay_bytes_total{side="camera"} 20',
      'latchkey_relay_forwarded_total{side="viewer"} 3',
      'latchkey_relay_forwarded_bytes_total{side="camera"} 40',
      'latchkey_relay_latches_total{side="camera"} 6',
      'latchkey_relay_moves_total 7',
      'latchkey_relay_dropped_total{reason="unlatched"} 8',
      'latchkey_relay_dropped_total{reason="integrity"} 0',
      'latchkey_relay_send_errors_total{reason="full"} 9',
      'latchkey_relay_receive_errors_total 10',
      'latchkey_relay_kernel_drops_total 15',
      'latchkey_relay_calls_total{direction="receive"} 16',
      'latchkey_relay_calls_total{direction="send"} 17',
      'latchkey_relay_workers_failed_total 18',
      'latchkey_relay_tcp_connections 19',
      'latchkey_relay_tcp_accepted_total 20',
      'latchkey_relay_tcp_refused_total 21',
      'latchkey_relay_tcp_closed_total{reason="silent"} 22',
      'latchkey_relay_tcp_frames_total{direction="receive"} 23',
      'latchkey_relay_tcp_frames_total{direction="send"} 24',
      'latchkey_relay_tcp_dropped_total{reason="slow-reader"} 25',
      'latchkey_relay_tcp_dropped_total{reason="no-connection"} 26',
    ]) {
      expect(text.split('\n')).toContain(line);
    }
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
    ]) {
      expect(text.split('\n')).toContain(line);
    }
    expect(text).not.toContain('side="viewer"} NaN');
    expect(text).not.toContain('latchkey_relay_loss_ratio_count{side="viewer"}');
  });

  it('have names, units and help by Prometheus’ conventions, and no label that could name anyone', () => {
    const harmless = [
      'version',
      'node',
      'code',
      'where',
      'reason',
      'flow',
      'outcome',
      'from',
      'kind',
      'what',
      'side',
      'direction',
      'state',
      'lane',
    ];
    for (const { name, type, labels, help } of busy().catalogue()) {
      expect(name).toMatch(/^latchkey_[a-z_]+$/);
      expect(name.endsWith('_total')).toBe(type === 'counter');
      if (type === 'histogram') expect(name).toMatch(/_(?:seconds|ratio)$/);
      expect(help).toMatch(/\.$/);
      for (const label of labels) expect(harmless).toContain(label);
    }
  });
});
