import assert from 'node:assert/strict';
import { parentPort, workerData } from 'node:worker_threads';
import koffi from 'koffi';
import { type BellSettings, bellState } from './bell.ts';

/** The file that a bell's thread runs: `poll(2)` until somebody connects, and then not again before it is asked to. */
const { listening, cell } = workerData as BellSettings;
assert(parentPort !== null, 'this file runs in a thread of its own');
const poll = koffi.load(null).func('int poll(void *, ulong, int)');
const POLLIN = 1;
const POLLNVAL = 0x20;
/** `struct pollfd`: an int and two shorts. */
const polled = Buffer.alloc(8);
polled.writeInt32LE(listening, 0);
polled.writeInt16LE(POLLIN, 4);
const forEver = -1;

for (;;) {
  Atomics.wait(cell, 0, bellState.rung);
  if (Atomics.load(cell, 0) === bellState.closed) break;
  // Less than one is a signal's doing.
  if (poll(polled, 1, forEver) < 1) continue;
  assert((polled.readInt16LE(6) & POLLNVAL) === 0, 'somebody else has closed the listening socket');
  if (Atomics.compareExchange(cell, 0, bellState.set, bellState.rung) === bellState.set)
    parentPort.postMessage(undefined);
}
parentPort.close();
