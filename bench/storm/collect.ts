/**
 * Loaded before a server with `--import`, so that its memory can be measured without what it has thrown away already: on SIGUSR2 it
 * collects its garbage, and then writes how often it has into the file that `BENCH_COLLECTED` names.
 */
import { writeFileSync } from 'node:fs';
import { isMainThread } from 'node:worker_threads';

const file = process.env.BENCH_COLLECTED;
let times = 0;

if (isMainThread && file !== undefined) {
  process.on('SIGUSR2', () => {
    // Twice, since the first collection only queues what has a finalizer.
    globalThis.gc?.();
    globalThis.gc?.();
    writeFileSync(file, String(++times));
  });
}
