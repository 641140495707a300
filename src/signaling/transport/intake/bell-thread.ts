import assert from 'node:assert/strict';
import { parentPort, workerData } from 'node:worker_threads';
import koffi from 'koffi';
import { limits } from '../../../base/index.ts';
import { type BellSettings, bellState } from './bell.ts';

/** The file that a bell's thread runs: `poll(2)` until a descriptor can be read, and then not again before it is asked to. */
const { signs, cell } = workerData as BellSettings;
assert(parentPort !== null, 'this file runs in a thread of its own');
const poll = koffi.load(null).func('int poll(void *, ulong, int)');
const POLLIN = 1;
const POLLNVAL = 0x20;
/** `struct pollfd`: an int and two shorts. */
const pollBytes = 8;
const polled = Buffer.alloc(pollBytes * signs.length);
for (const [index, descriptor] of signs.entries()) {
  polled.writeInt32LE(descriptor, index * pollBytes);
  polled.writeInt16LE(POLLIN, index * pollBytes + 4);
}

for (;;) {
  Atomics.wait(cell, 0, bellState.rung);
  if (Atomics.load(cell, 0) === bellState.closed) break;
  // It comes back before long when nobody does: a thread that never did would keep the process from ending in any way but one.
  if (poll(polled, signs.length, limits.bellWaitMsMax) < 1) continue;
  const gone = signs.some((_, index) => (polled.readInt16LE(index * pollBytes + 6) & POLLNVAL) !== 0);
  assert(!gone, 'somebody else has closed what the bell hangs on');
  if (Atomics.compareExchange(cell, 0, bellState.set, bellState.rung) === bellState.set)
    parentPort.postMessage(undefined);
}
parentPort.close();
