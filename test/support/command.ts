import { spawn } from 'node:child_process';
import { EventEmitter, once } from 'node:events';
import { createInterface } from 'node:readline';

const start = ['--disable-warning=ExperimentalWarning', 'src/main.ts'];

/** Two relays of tests never want the same admin port, unless told to. */
function environment(more: Readonly<Record<string, string>>): NodeJS.ProcessEnv {
  const own = Object.entries(process.env).filter(([name]) => !name.startsWith('LATCHKEY_'));
  return { ...Object.fromEntries(own), LATCHKEY_ADMIN_PORT: '0', ...more };
}

export interface Finished {
  readonly code: number | null;
  readonly output: string;
  readonly errors: string;
}

/** Runs `latchkey` with these parameters to its end. */
export async function command(
  parameters: readonly string[],
  more: Readonly<Record<string, string>> = {},
): Promise<Finished> {
  const child = spawn(process.execPath, [...start, ...parameters], {
    env: environment(more),
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let [output, errors] = ['', ''];
  child.stdout.on('data', (data) => {
    output += data;
  });
  child.stderr.on('data', (data) => {
    errors += data;
  });
  const [code] = await once(child, 'close');
  return { code, output, errors };
}

/**
 * Starts `latchkey`, and resolves at the first line of its output, or of its standard error, that matches. `stop` interrupts it and
 * gives its exit code.
 */
export async function startedCommand(
  parameters: readonly string[],
  line: RegExp,
  more: Readonly<Record<string, string>> = {},
  heardOn: 'output' | 'errors' = 'output',
) {
  const child = spawn(process.execPath, [...start, ...parameters], {
    env: environment(more),
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let [output, errors] = ['', ''];
  child.stdout.on('data', (data) => {
    output += data;
  });
  child.stderr.on('data', (data) => {
    errors += data;
  });
  const lines: string[] = [];
  const heard = new EventEmitter();
  createInterface(heardOn === 'output' ? child.stdout : child.stderr).on('line', (text) => {
    lines.push(text);
    heard.emit('line');
  });
  let ended: number | null | undefined;
  child.once('close', (code) => {
    ended = code;
    heard.emit('line');
  });
  const said = async (wanted: RegExp, after = 0): Promise<void> => {
    while (!lines.slice(after).some((text) => wanted.test(text))) {
      if (ended !== undefined) throw new Error(`ended with ${ended} before it said ${wanted}: ${errors}`);
      await once(heard, 'line');
    }
  };
  const closed = once(child, 'close');
  await said(line);
  return {
    /** Resolves when the command has ended by itself. */
    ended: closed,
    lines,
    get output() {
      return output;
    },
    /** Resolves when a line after the first `after` matches; rejects when the command ends before. */
    said,
    signal(name: NodeJS.Signals): void {
      child.kill(name);
    },
    async stop(signal: NodeJS.Signals = 'SIGTERM'): Promise<number | null> {
      if (child.exitCode !== null || child.signalCode !== null) return child.exitCode;
      child.kill(signal);
      return (await closed)[0];
    },
  };
}
