import { describe, expect, it } from 'vitest';
import { Metrics } from '../../src/telemetry/index.ts';
import { Tallies } from '../../src/wiring/index.ts';
import { ManualClock } from '../support/manual-clock.ts';

describe('what was counted for the status page', () => {
  it('is what the metrics counted, by one label', () => {
    const tallies = new Tallies(new ManualClock());
    const metrics = new Metrics('1', (name, labels) => tallies.count(name, labels));
    metrics.count('latchkey_refusals_total', { code: 'not-allowed', where: 'http' });
    metrics.count('latchkey_refusals_total', { code: 'not-allowed', where: 'websocket' });
    metrics.count('latchkey_refusals_total', { code: 'overloaded', where: 'http' });
    metrics.count('latchkey_tickets_made_total');
    expect(tallies.by('latchkey_refusals_total')).toEqual({ 'not-allowed': 2, overloaded: 1 });
    expect(tallies.total('latchkey_refusals_total')).toBe(3);
    expect(tallies.by('latchkey_sessions_ended_total')).toEqual({});
  });

  it('knows when the last alarm was', () => {
    const clock = new ManualClock(1_000);
    const tallies = new Tallies(clock);
    expect(tallies.alarmedAtMs).toBeNull();
    tallies.count('latchkey_alarms_total', { kind: 'crossed' });
    clock.advance(5_000);
    tallies.count('latchkey_registrations_total', {});
    expect([tallies.alarmedAtMs, tallies.by('latchkey_alarms_total')]).toEqual([1_000, { crossed: 1 }]);
  });
});
