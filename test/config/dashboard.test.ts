import { describe, expect, it } from 'vitest';
import { dashboard, type Panel } from '../support/dashboard.ts';

const { panels, templating } = dashboard();
/** The variable that says which Prometheus is asked. */
const chosen = /^\$\{datasource\}$/;
const charts = panels.filter(({ type }) => type !== 'row');
const titled = charts.map((panel) => [panel.title, panel] as const);

describe('the dashboard for Grafana', () => {
  it('has rows for the fleet, storms, sessions, refusals, the truthfulness of the cache, media and saturation', () => {
    const rows = panels.filter(({ type }) => type === 'row').map(({ title }) => title);
    expect(rows).toEqual([
      'Fleet',
      'Storms',
      'Sessions',
      'Refusals',
      'Cache truthfulness',
      'Media',
      'Saturation',
      'Operations',
    ]);
  });

  it('gives each panel a number and a title of its own', () => {
    expect(new Set(panels.map(({ id }) => id)).size).toBe(panels.length);
    expect(new Set(panels.map(({ title }) => title)).size).toBe(panels.length);
  });

  it.each(titled)('says of “%s” what it shows, in which unit, and from where', (_title, panel) => {
    expect(panel.description).toMatch(/^.{10,}\.$/);
    expect(panel.fieldConfig?.defaults.unit).toBeTruthy();
    expect(panel.fieldConfig?.defaults.thresholds?.steps.length).toBeGreaterThan(0);
    expect(panel.datasource).toEqual({ type: 'prometheus', uid: expect.stringMatching(chosen) });
    expect(panel.targets?.length).toBeGreaterThan(0);
    for (const target of panel.targets ?? []) expect(target.datasource?.uid).toMatch(chosen);
    expect(new Set(panel.targets?.map(({ refId }) => refId)).size).toBe(panel.targets?.length);
  });

  it('lays no panel over another, and none beyond its 24 columns', () => {
    const covered = new Map<string, string>();
    for (const panel of panels) {
      expect(panel.gridPos.x + panel.gridPos.w).toBeLessThanOrEqual(24);
      for (const place of placesOf(panel)) {
        expect([place, covered.get(place), panel.title]).toEqual([place, undefined, panel.title]);
        covered.set(place, panel.title);
      }
    }
  });

  it('is for one relay, or for all', () => {
    expect(templating.list.map(({ name }) => name)).toEqual(['datasource', 'job', 'instance']);
    for (const { title, targets = [] } of charts) {
      if (title === 'Alerts that fire') continue;
      for (const { expr } of targets) {
        expect(expr).toContain('job=~"$job"');
        expect(expr).toContain('instance=~"$instance"');
      }
    }
  });
});

function placesOf({ gridPos: { x, y, w, h } }: Panel): string[] {
  return Array.from({ length: w * h }, (_, index) => `${x + (index % w)},${y + Math.floor(index / w)}`);
}
