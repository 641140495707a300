import { type ChildProcess, spawn } from 'node:child_process';
import type { Readable } from 'node:stream';
import { type Clock, limits } from '../../base/index.ts';

/** A program that was started here, and ends at the latest when it is told to. */
export interface Child {
  /** What it writes to file descriptor 1, 3 or 4. */
  output(descriptor: number): Readable;
  /** Resolves, never rejects, with its exit code; -1 when it did not even start, or was ended by a signal. */
  readonly exited: Promise<number>;
  /** Asks it to end, and ends it after `processEndMsMax`. Resolves when it is gone. */
  end(): Promise<void>;
}

/**
 * Starts a program with `descriptors` as pipes, and `script` as its standard input. Its error output is not kept: it may hold
 * the password of an RTSP URL.
 */
export function startChild(
  program: string,
  args: readonly string[],
  descriptors: readonly number[],
  clock: Clock,
  script?: string,
): Child {
  const piped = script === undefined ? descriptors : [0, ...descriptors];
  const stdio = [0, 1, 2, 3, 4].map((descriptor) => (piped.includes(descriptor) ? 'pipe' : 'ignore'));
  const child: ChildProcess = spawn(program, args, { stdio, env: { PATH: process.env.PATH ?? '' } });
  const exit = Promise.withResolvers<number>();
  child.once('error', () => exit.resolve(-1));
  child.once('close', (code) => exit.resolve(code ?? -1));
  child.stdin?.on('error', () => {});
  child.stdin?.end(script);
  return {
    output(descriptor) {
      const stream = child.stdio[descriptor];
      if (stream === null || stream === undefined) throw new TypeError(`descriptor ${descriptor} is no pipe`);
      stream.on('error', () => {});
      return stream as Readable;
    },
    exited: exit.promise,
    async end() {
      child.kill('SIGTERM');
      for (const stream of child.stdio) stream?.destroy();
      const timer = clock.after(limits.processEndMsMax, () => child.kill('SIGKILL'));
      await exit.promise;
      timer.cancel();
    },
  };
}
