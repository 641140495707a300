import { median } from './first-frame-report.ts';
import type { Aim } from './options.ts';

/** How long it took from the lever to the screen, in milliseconds. */
export interface Run {
  readonly lever: string;
  readonly round: number;
  /** Until the last frame was put on the screen; 0 where that was before. */
  readonly lastFrameMs: number;
  /** Until the page had taken the picture away and said why. */
  readonly wordsMs: number;
}

/** The longest that a picture stays is an aim for each lever but the yardstick. */
export function aimsOf(runs: readonly Run[], yardstick: string, limitMs: number): Aim[] {
  return leversOf(runs)
    .filter((lever) => lever !== yardstick)
    .map((lever) => {
      const value = Math.max(...runs.filter((run) => run.lever === lever).map(({ wordsMs }) => wordsMs));
      return {
        name: `${lever}, until the picture is gone, max`,
        value,
        limit: limitMs,
        unit: 'ms',
        holds: value < limitMs,
      };
    });
}

/** A Markdown table: median and maximum of both times, for each lever. */
export function table(runs: readonly Run[]): string {
  const rows = leversOf(runs).map((lever) => {
    const own = runs.filter((run) => run.lever === lever);
    const [frames, words] = [own.map((run) => run.lastFrameMs), own.map((run) => run.wordsMs)];
    const figures = [median(frames), Math.max(...frames), median(words), Math.max(...words)];
    return [lever, ...figures.map((ms) => ms.toFixed(0))];
  });
  const heads = ['last frame, median', 'max', 'picture gone and words there, median', 'max'];
  const all = [['ms after the lever', ...heads], ['---', ...heads.map(() => '---:')], ...rows];
  return all.map((cells) => `| ${cells.join(' | ')} |`).join('\n');
}

function leversOf(runs: readonly Run[]): string[] {
  return [...new Set(runs.map(({ lever }) => lever))];
}
