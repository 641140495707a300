import { limits } from '../../base/index.ts';

/** What a thread has taken of the CPU, in microseconds. */
type ThreadCpuUsage = () => { readonly user: number; readonly system: number };

/** Writes how much CPU time this thread has taken to where another one reads it, every `limits.busyLookMs`. */
export class BusyTime {
  /** One number, in seconds. */
  readonly #seconds: Float64Array;
  readonly #usage: ThreadCpuUsage | null;
  #lookedMs = 0;

  /** Without `usage` nothing is written: Node tells of one thread alone since 23.9. */
  constructor(seconds: Float64Array, usage: ThreadCpuUsage | null = process.threadCpuUsage?.bind(process) ?? null) {
    this.#seconds = seconds;
    this.#usage = usage;
  }

  /** `nowMs` may be set back. */
  look(nowMs: number): void {
    if (this.#usage === null || Math.abs(nowMs - this.#lookedMs) < limits.busyLookMs) return;
    this.#lookedMs = nowMs;
    const { user, system } = this.#usage();
    this.#seconds[0] = (user + system) / 1e6;
  }
}
