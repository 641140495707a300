import { styleText } from 'node:util';
import type { Finding, Outcome } from './finding.ts';

export type Found = readonly [check: string, finding: Finding];

const colours = { ok: 'green', warning: 'yellow', problem: 'red', unknown: 'cyan' } as const;
const plurals = { ok: 'ok', warning: 'warnings', problem: 'problems', unknown: 'unknown' } as const;
const singulars = { ...plurals, warning: 'warning', problem: 'problem' } as const;

/** A line for what was found, and one for what to do. */
export function linesOf([check, { outcome, found, todo }]: Found, coloured: boolean): string {
  const word = outcome.padEnd(8);
  const shown = coloured ? styleText(colours[outcome], word, { validateStream: false }) : word;
  const lines = [`${shown} ${check.padEnd(12)} ${found}`];
  if (todo !== undefined) lines.push(`${' '.repeat(21)} → ${todo}`);
  return lines.map((line) => `${line}\n`).join('');
}

/** `1 problem, 2 warnings, 1 unknown, 12 ok.` */
export function summaryOf(all: readonly Found[]): string {
  const outcomes: readonly Outcome[] = ['problem', 'warning', 'unknown', 'ok'];
  const counts = outcomes.map(
    (outcome) => [outcome, all.filter(([, finding]) => finding.outcome === outcome).length] as const,
  );
  const said = counts
    .filter(([, count]) => count > 0)
    .map(([outcome, count]) => `${count} ${(count === 1 ? singulars : plurals)[outcome]}`);
  return `${said.join(', ')}.\n`;
}

/** `{"healthy": …, "findings": [{"check": …, "outcome": …, "found": …, "todo": …}]}` */
export function jsonOf(all: readonly Found[]): string {
  return `${JSON.stringify({ healthy: isHealthy(all), findings: all.map(([check, finding]) => ({ check, ...finding })) })}\n`;
}

export function isHealthy(all: readonly Found[]): boolean {
  return all.every(([, { outcome }]) => outcome !== 'problem');
}
