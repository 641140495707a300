import { describe, expect, it } from 'vitest';
import { sampleOf } from '../../../src/admin/history.ts';
import type { NodeStatus } from '../../../src/admin/index.ts';
import { statusTable } from '../../../src/cli/admin/status-table.ts';
import { idleStatus } from '../../support/admin-world.ts';

function tableOf(more: Partial<NodeStatus>): string {
  const status = { ...idleStatus(90_000), ...more };
  return statusTable({ ...status, now: sampleOf(idleStatus(80_000), status) });
}

describe('the table of a node', () => {
  it('has no line without something to say', () => {
    expect(tableOf({})).toBe(`READY  latchkey 0.1.0, up 1 min 30 s, ws
  live views       0  (0 live, 0 being set up)
  cameras          0
  viewers          0  (0 connections)
  registrations    0/s  (0 since the start)
  waiting          0  (0 verified now, 0/s sent away)
  media            0 bit/s, 0 packets/s, 0 dropped/s
  wires by worker  -
  event loop       0 ms late
  memory           0 B`);
  });

  it('begins with what is wrong', () => {
    const { media } = idleStatus();
    const lines = tableOf({
      readiness: 'draining',
      alarms: { kinds: { 'source-crossed': 2, 'shared-seal': 3 }, lastAtMs: 85_000 },
      faults: 1,
      audit: { writable: false, pending: 3, entries: 4, head: null },
      media: { ...media, workersFailed: 1 },
    }).split('\n');
    expect(lines.slice(0, 5)).toEqual([
      'DRAINING  latchkey 0.1.0, up 1 min 30 s, ws',
      '  ALARM            shared-seal 3, source-crossed 2, the last 5 s ago',
      '  FAULTS           1',
      '  RECORD           cannot be written',
      '  WORKERS          1 died and began again',
    ]);
  });

  it('names the switches that are not on, and what was counted, the largest first', () => {
    const table = tableOf({
      switches: { 'live-view': 'off', sharing: 'off-for', registration: 'on', whep: 'on', tickets: 'on' },
      revocations: 3,
      quarantined: 2,
      refusals: { 'not-allowed': 1, overloaded: 1_200, internal: 0 },
    });
    expect(table).toContain('switches         live-view off, sharing off for some');
    expect(table).toContain('revocations      3  (2 cameras in quarantine)');
    expect(table).toContain('refused          overloaded 1,200, not-allowed 1');
  });
});
