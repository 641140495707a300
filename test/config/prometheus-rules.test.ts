import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { promtool } from '../support/prometheus-server.ts';
import { fileAt } from '../support/source-files.ts';

const folder = 'config/prometheus';
const alerts = fileAt(`${folder}/alerts.rules.yml`).text;
const cases = readFileSync(`${folder}/alerts.test.yml`, 'utf8');
const names = [...alerts.matchAll(/^ +- alert: (\w+)$/gm)].map(([, name = '']) => name);

describe('the rules for Prometheus', () => {
  it.each([
    ['a configuration', ['check', 'config', `${folder}/prometheus.yml`]],
    ['rules', ['check', 'rules', '--lint=all', '--lint-fatal', `${folder}/recording.rules.yml`]],
    ['alerts', ['check', 'rules', '--lint=all', '--lint-fatal', `${folder}/alerts.rules.yml`]],
    ['what the rules are worth', ['test', 'rules', `${folder}/recording.test.yml`]],
    ['what sets the alerts off', ['test', 'rules', `${folder}/alerts.test.yml`]],
  ])('are %s that promtool is content with', async (_what, parameters) => {
    expect(await promtool(parameters)).toMatchObject({ code: 0, said: expect.stringContaining('SUCCESS') });
  });

  it.each(names)('have a case that sets %s off', (name) => {
    expect(cases).toContain(`name: "${name}: `);
    expect(cases).toContain(`expr: ALERTS{alertname="${name}", alertstate="firing"}`);
  });

  it('have an alert for whatever an operator should look at', () => {
    expect(names.length).toBeGreaterThan(25);
    expect(new Set(names).size).toBe(names.length);
  });
});
