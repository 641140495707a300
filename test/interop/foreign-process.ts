import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import type { ForeignEvent, ForeignEvents, Order } from './foreign/messages.ts';

/** A camera or a viewer in a process of its own, on a stack that shares no code with this project. */
export class ForeignProcess implements AsyncDisposable {
  readonly #child: ChildProcess;
  readonly #heard: ForeignEvent[] = [];
  readonly #ended: Promise<never>;
  #change = Promise.withResolvers<void>();

  constructor(order: Order) {
    const child = fork(join(import.meta.dirname, 'foreign', 'main.ts'), {
      serialization: 'advanced',
      execArgv: ['--disable-warning=ExperimentalWarning'],
      stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
    });
    this.#child = child;
    let words = '';
    child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      words += text;
    });
    this.#ended = once(child, 'close').then(([code, signal]) => {
      throw new Error(`the foreign ${order.role} ended with ${code ?? signal}: ${words}`);
    });
    this.#ended.catch(() => {});
    child.on('message', (event: ForeignEvent) => {
      this.#heard.push(event);
      this.#change.resolve();
      this.#change = Promise.withResolvers();
    });
    child.send(order);
  }

  /** What it told of that kind for the first time, now or when it comes. Throws when the process ends without. */
  async hears<Kind extends keyof ForeignEvents>(kind: Kind): Promise<ForeignEvents[Kind]> {
    return await this.until(kind, () => true);
  }

  /** The first of that kind that is as wanted. */
  async until<Kind extends keyof ForeignEvents>(
    kind: Kind,
    wanted: (said: ForeignEvents[Kind]) => boolean | Promise<boolean>,
  ): Promise<ForeignEvents[Kind]> {
    for (let at = 0; ; ) {
      const event = this.#heard[at];
      if (event === undefined) {
        await Promise.race([this.#change.promise, this.#ended]);
        continue;
      }
      at += 1;
      const said = event.said as ForeignEvents[Kind];
      if (event.kind === kind && (await wanted(said))) return said;
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#child.kill('SIGKILL');
    await this.#ended.catch(() => {});
  }
}
