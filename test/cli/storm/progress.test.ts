import { describe, expect, it } from 'vitest';
import { progressLine, progressTo } from '../../../src/cli/storm/progress.ts';

const at = { registered: 812, cameras: 1_000, refused: 3, answered: 41, crossings: 0 };

function screen(isTTY: boolean) {
  const written: string[] = [];
  return { isTTY, written, write: (text: string) => written.push(text) };
}

describe('the progress of a storm', () => {
  it('is one line', () => {
    expect(progressLine('coming back', at)).toBe(
      'coming back: 812 of 1,000 registered, 3 refused, 41 live views answered',
    );
    expect(progressLine('gathering', { ...at, refused: 0, answered: 0 })).toBe('gathering: 812 of 1,000 registered');
    expect(progressLine('gathering', { ...at, crossings: 2 })).toMatch(/, 2 CROSSINGS$/);
  });

  it('renews its line on a terminal, and leaves it at the end of a phase', () => {
    const terminal = screen(true);
    const progress = progressTo(terminal);
    progress.begun?.(() => at);
    progress.phase?.('gathering');
    progress.phase?.('holding');
    progress.end();
    const text = terminal.written.join('');
    expect(text).toBe(
      `\r\x1b[2K${progressLine('gathering', at)}\r\x1b[2K${progressLine('gathering', at)}\n\r\x1b[2K${progressLine('holding', at)}\n`,
    );
  });

  it('writes whole lines elsewhere, and a crossing on a line of its own', () => {
    const file = screen(false);
    const progress = progressTo(file);
    progress.begun?.(() => at);
    progress.phase?.('gathering');
    progress.crossing?.({ at: 'alice', what: 'an answer of b' });
    progress.end();
    expect(file.written).toEqual([`${progressLine('gathering', at)}\n`, 'CROSSING at alice: an answer of b\n']);
  });
});
