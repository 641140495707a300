import { vi } from 'vitest';
import { latchkey } from '../../src/cli/index.ts';
import type { Finished } from './command.ts';

class Exited extends Error {
  readonly code: number;

  constructor(code: number) {
    super(`exited with ${code}`);
    this.code = code;
  }
}

/** Runs `latchkey` in this process, with these variables in the place of all others that begin with LATCHKEY_. One at a time. */
export async function commandHere(
  parameters: readonly string[],
  environment: Readonly<Record<string, string>> = {},
): Promise<Finished> {
  const [before, exitCodeBefore] = [process.env, process.exitCode];
  const others = Object.entries(before).filter(([name]) => !name.startsWith('LATCHKEY_'));
  process.env = { ...Object.fromEntries(others), ...environment };
  process.exitCode = undefined;
  const [output, errors] = [writtenTo(process.stdout), writtenTo(process.stderr)];
  const exit = vi.spyOn(process, 'exit').mockImplementation((code) => {
    throw new Exited(Number(code ?? 0));
  });
  try {
    await latchkey().parseAsync(parameters, { from: 'user' });
    return { code: Number(process.exitCode ?? 0), output: output.text(), errors: errors.text() };
  } catch (thrown) {
    if (!(thrown instanceof Exited)) throw thrown;
    return { code: thrown.code, output: output.text(), errors: errors.text() };
  } finally {
    for (const each of [output.spy, errors.spy, exit]) each.mockRestore();
    process.env = before;
    process.exitCode = exitCodeBefore;
  }
}

function writtenTo(stream: NodeJS.WriteStream) {
  let text = '';
  const spy = vi.spyOn(stream, 'write').mockImplementation((data) => {
    text += data;
    return true;
  });
  return { spy, text: () => text };
}
