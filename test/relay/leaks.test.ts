import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { emptySizes } from './support/engine-harness.ts';

const script = join(import.meta.dirname, 'support/session-ends.ts');

async function left(place: 'beside' | 'thread', sessions: number) {
  const parameters = ['--disable-warning=ExperimentalWarning', '--expose-gc', script, place, String(sessions)];
  const { stdout } = await promisify(execFile)(process.execPath, parameters);
  return JSON.parse(stdout);
}

const told = [1, 2, 3].flatMap((n) => ['observed relay-stopping', `ended relay-stopping${n === 1 ? '' : ` ${n}`}`]);

test.concurrent('nothing is left of 20,000 sessions, in whichever way they ended', async () => {
  const sessions = 20_000;
  const result = await left('beside', sessions);
  expect(result).toMatchObject({ gauges: emptySizes, gaugesClosed: emptySizes, timers: 0, toldAtClose: told });
  expect(result.counters.wiresEnded).toBe(result.counters.wiresOpened);
  expect(result.counters.wiresOpened).toBeGreaterThan(0.75 * sessions);
  expect(result.counters.moves).toBeGreaterThan(0.1 * sessions);
  // A table that kept one entry of each would keep more.
  expect(result.heapGrownBytes / sessions).toBeLessThan(5);
});

test.concurrent('nothing is left of 2,000 sessions in a thread, half of which died with it', async () => {
  const sessions = 2_000;
  const result = await left('thread', sessions);
  expect(result).toMatchObject({ gauges: emptySizes, gaugesClosed: emptySizes, timers: 0, running: 0 });
  expect(result.toldAtClose.toSorted()).toEqual(told.toSorted());
  expect(result.counters.wiresEnded).toBe(result.counters.wiresOpened);
  expect(result.counters.workersFailed).toBeGreaterThanOrEqual(sessions / 100);
  // Node itself keeps about 2 KB of each thread that there was: that is 20 bytes a session.
  expect(result.heapGrownBytes / sessions).toBeLessThan(100);
});
