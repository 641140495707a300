import assert from 'node:assert/strict';
import { parentPort, workerData } from 'node:worker_threads';
import { systemRandom } from '../base/index.ts';
import type { FromScribe, ScribeSettings, ToScribe } from './messages.ts';
import { Scribe } from './scribe.ts';

/** The file that the thread of the audit runs: whatever waits for the disk waits here. */
const port = parentPort;
assert(port !== null, 'this file runs in a thread of its own');
const scribe = new Scribe(workerData as ScribeSettings, systemRandom, (message: FromScribe) => {
  port.postMessage(message);
  if (message.kind === 'closed') port.close();
});
port.on('message', (message: ToScribe) => scribe.take(message));
