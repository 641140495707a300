import { atShare } from '../src/storm/percentiles.ts';

/** Where the time from the click to the first frame went, in milliseconds. The steps add up to `totalMs`. */
export interface Parts {
  /** From the click to the element's start. */
  beforeMs: number;
  signalingMs: number;
  iceMs: number;
  dtlsMs: number;
  firstPacketMs: number;
  firstFrameMs: number;
  totalMs: number;
}

export interface Run extends Parts {
  kind: 'cold' | 'warm' | 'browser alone';
  round: number;
  device: string;
}

export const partNames = ['signalingMs', 'iceMs', 'dtlsMs', 'firstPacketMs', 'firstFrameMs', 'totalMs'] as const;
const heads = ['signaling', 'ICE', 'DTLS', 'first packet', 'first frame', 'total'];

/** The value below which that fraction of the values lies, by the nearest rank. */
export function percentile(values: readonly number[], fraction: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return atShare(sorted, fraction) ?? Number.NaN;
}

export function median(values: readonly number[]): number {
  return percentile(values, 0.5);
}

/** A Markdown table: median and p95 of each part, for each kind of run. */
export function table(runs: readonly Run[]): string {
  const rows: string[][] = [];
  for (const kind of ['cold', 'warm', 'browser alone'] as const) {
    const own = runs.filter((run) => run.kind === kind);
    for (const [name, fraction] of [
      ['median', 0.5],
      ['p95', 0.95],
    ] as const) {
      const cells = partNames.map((part) => {
        if (kind === 'browser alone' && part !== 'totalMs') return '';
        return percentile(
          own.map((run) => run[part]),
          fraction,
        ).toFixed(0);
      });
      rows.push([kind, name, ...cells]);
    }
  }
  const all = [['ms', '', ...heads], ['---', '---', ...heads.map(() => '---:')], ...rows];
  return all.map((cells) => `| ${cells.join(' | ')} |`).join('\n');
}
