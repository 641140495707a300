import { describe, expect, it } from 'vitest';
import { checks, examined } from '../../../src/cli/doctor/checks.ts';
import { ok } from '../../../src/cli/doctor/finding.ts';
import { isHealthy, jsonOf, linesOf, summaryOf } from '../../../src/cli/doctor/report.ts';
import { ManualClock } from '../../support/manual-clock.ts';
import { patient } from './support/patient.ts';

describe('the checks', () => {
  it('each has a name of its own', () => {
    expect(new Set(checks.map(({ name }) => name)).size).toBe(checks.length);
  });

  it('one that fails, and one that hangs, keep none of the others', async () => {
    const clock = new ManualClock();
    const found = [];
    const failing = { name: 'failing', look: () => Promise.reject(new Error('oh')) };
    const hanging = {
      name: 'hanging',
      look() {
        queueMicrotask(() => clock.advance(60_000));
        return new Promise<never>(() => {});
      },
    };
    const sound = { name: 'sound', look: () => [ok('well')] };
    for await (const each of examined(patient({ machine: { clock } }), [failing, hanging, sound])) found.push(each);
    expect(found.map(([name, { outcome, found: what }]) => [name, outcome, what])).toEqual([
      ['failing', 'unknown', 'this could not be looked at: oh'],
      ['hanging', 'unknown', expect.stringContaining('no result within')],
      ['sound', 'ok', 'well'],
    ]);
  });
});

describe('the report', () => {
  const all = [
    ['ports', { outcome: 'problem', found: 'taken', todo: 'free it' }],
    ['clock', { outcome: 'ok', found: 'right' }],
  ] as const;

  it('has a line for what was found, and one for what to do', () => {
    expect(linesOf(all[0], false)).toBe('problem  ports        taken\n                      → free it\n');
    expect(linesOf(all[0], true)).toContain('\u001b[31mproblem');
    expect(summaryOf(all)).toBe('1 problem, 1 ok.\n');
  });

  it('as JSON says the same', () => {
    expect(JSON.parse(jsonOf(all))).toEqual({
      healthy: false,
      findings: [
        { check: 'ports', outcome: 'problem', found: 'taken', todo: 'free it' },
        { check: 'clock', outcome: 'ok', found: 'right' },
      ],
    });
    expect(isHealthy(all.slice(1))).toBe(true);
  });
});
