import { fileAt } from './source-files.ts';

export interface Target {
  readonly refId: string;
  readonly expr: string;
  readonly datasource?: { readonly uid: string };
}

export interface Panel {
  readonly id: number;
  readonly type: string;
  readonly title: string;
  readonly description?: string;
  readonly datasource?: { readonly type: string; readonly uid: string };
  readonly gridPos: { readonly x: number; readonly y: number; readonly w: number; readonly h: number };
  readonly fieldConfig?: {
    readonly defaults: { readonly unit?: string; readonly thresholds?: { readonly steps: readonly unknown[] } };
  };
  readonly targets?: readonly Target[];
}

export interface Dashboard {
  readonly title: string;
  readonly uid: string;
  readonly panels: readonly Panel[];
  readonly annotations: { readonly list: readonly { readonly expr: string }[] };
  readonly templating: { readonly list: readonly { readonly name: string; readonly definition?: string }[] };
}

export function dashboard(): Dashboard {
  return JSON.parse(fileAt('config/grafana/latchkey.json').text) as Dashboard;
}

/** Every query of the dashboard, with its variables as they are where everything is chosen, and whose it is. */
export function queriesOf({ panels, annotations }: Dashboard, rateInterval: string): { of: string; query: string }[] {
  const written = [
    ...panels.flatMap(({ title, targets = [] }) => targets.map(({ expr }) => ({ of: title, expr }))),
    ...annotations.list.map(({ expr }) => ({ of: 'annotations', expr })),
  ];
  return written.map(({ of, expr }) => ({
    of,
    query: expr.replaceAll('$__rate_interval', rateInterval).replaceAll('$job', '.+').replaceAll('$instance', '.+'),
  }));
}

/** The metrics that a query names, those that are recorded by a rule as well. */
export function metricsIn(query: string): string[] {
  return [...query.matchAll(/(?<![\w:"])(?:\w+:)?(?:latchkey|process|nodejs)_\w+(?::\w+)*/g)].map(([name]) => name);
}
