import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';

const lineMsMax = 90_000;
const endMsMax = 3_000;
const errorCharactersMax = 2_000;

/** A process on one core that this one talks to in lines. It ends when it is disposed of, or when this process ends. */
export class Child implements AsyncDisposable {
  readonly #child: ChildProcess;
  readonly #name: string;
  readonly #lines: AsyncIterator<string>;
  readonly #gone: Promise<unknown>;
  #errors = '';

  constructor(name: string, core: number, program: string, parameters: readonly string[]) {
    const command = ['--pdeathsig', 'KILL', 'taskset', '-c', String(core), program, ...parameters];
    const child = spawn('setpriv', command, { stdio: ['pipe', 'pipe', 'pipe'] });
    this.#child = child;
    this.#name = name;
    this.#gone = once(child, 'close').catch(() => undefined);
    // What a process that has ended did not read is told by its next line, which never comes.
    child.stdin.on('error', () => undefined);
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      this.#errors = (this.#errors + text).slice(-errorCharactersMax);
    });
    this.#lines = createInterface(child.stdout)[Symbol.asyncIterator]();
  }

  get pid(): number {
    if (this.#child.pid === undefined) throw new Error(`${this.#name} did not start`);
    return this.#child.pid;
  }

  say(line: string): void {
    this.#child.stdin?.write(`${line}\n`);
  }

  /** The next line of its output, as JSON. Rejects as `line` does. */
  async answer(msMax = lineMsMax): Promise<unknown> {
    return JSON.parse(await this.line(msMax));
  }

  /** The next line of its output. Rejects after so many milliseconds, and with what it said on its standard error when it has ended. */
  async line(msMax = lineMsMax): Promise<string> {
    const late = Promise.withResolvers<never>();
    const timer = setTimeout(() => late.reject(new Error(`${this.#name} says nothing`)), msMax);
    try {
      const next = await Promise.race([this.#lines.next(), late.promise]);
      if (next.done !== true) return next.value;
      await this.#gone;
      throw new Error(this.#errors.trim().split('\n').at(-1) || `${this.#name} ended`);
    } finally {
      clearTimeout(timer);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#child.kill('SIGTERM');
    const timer = setTimeout(() => this.#child.kill('SIGKILL'), endMsMax);
    await this.#gone;
    clearTimeout(timer);
  }
}
