import assert from 'node:assert/strict';
import { parentPort, workerData } from 'node:worker_threads';
import { answerTo, type Question } from './questions.ts';

/** The file of a thread that answers one question about the record: a long one keeps nobody waiting. */
assert(parentPort !== null, 'this file runs in a thread of its own');
parentPort.postMessage(answerTo(workerData as Question));
