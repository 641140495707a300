import type { setFlagsFromString } from 'node:v8';
import { MessageChannel, type MessagePort } from 'node:worker_threads';
import { expect, it, vi } from 'vitest';
import { LatchkeyError, startThread } from '../../src/base/index.ts';

const flags = vi.hoisted(() => [] as string[]);

vi.mock('node:v8', async (original) => {
  const real = await original<typeof import('node:v8')>();
  const set: typeof setFlagsFromString = (flag) => {
    flags.push(flag);
    real.setFlagsFromString(flag);
  };
  return { ...real, setFlagsFromString: set };
});

/** A thread that runs a script, and what it has told. */
function started<Message>(script: string, given?: unknown) {
  const head = `import { parentPort, workerData } from 'node:worker_threads';`;
  const at = new URL(`data:text/javascript,${encodeURIComponent(head + script)}`);
  const heard: unknown[] = [];
  const death = Promise.withResolvers<Error>();
  let told: (() => void) | undefined;
  const thread = startThread<Message, unknown>('the thread of a test', at, given, {
    message(message) {
      heard.push(message);
      told?.();
    },
    gone: death.resolve,
  });
  const message = () => {
    const { promise, resolve } = Promise.withResolvers<void>();
    told = resolve;
    return promise;
  };
  return { thread, heard, message, death: death.promise };
}

it('has what it is given, is told what is posted, with what goes along, and tells', async () => {
  const { thread, heard, message, death } = started<{ to: MessagePort }>(
    `parentPort.once('message', ({ to }) => { to.postMessage(workerData); parentPort.postMessage('done'); });`,
    'given',
  );
  const { port1, port2 } = new MessageChannel();
  const arrived = new Promise((resolve) => port1.once('message', resolve));
  const told = message();
  thread.post({ to: port2 }, port2);
  expect(await arrived).toBe('given');
  await told;
  port1.close();
  await thread.gone;
  expect([heard, (await death).message]).toEqual([['done'], 'the thread of a test ended with code 0']);
});

it('frees no code that strips types: that could be freed twice', async () => {
  flags.length = 0;
  const { thread } = started('');
  await thread.gone;
  expect(flags).toEqual(['--no-wasm-code-gc']);
});

it('that ends by a code says which', async () => {
  expect((await started('process.exit(3);').death).message).toBe('the thread of a test ended with code 3');
});

it('that waits for ever is ended', async () => {
  const wait = 'Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);';
  const { thread, death, message } = started(`parentPort.postMessage('begun'); ${wait}`);
  await message();
  thread.destroy();
  await thread.gone;
  expect((await death).message).toBe('the thread of a test ended with code 1');
});

it('that dies of an error of the table tells it as one, with its detail and where it was thrown', async () => {
  const thrown = await started(`throw Object.assign(new Error('x'), { code: 'settings-invalid', detail: 'port' });`)
    .death;
  expect(thrown).toBeInstanceOf(LatchkeyError);
  expect(thrown).toMatchObject({ code: 'settings-invalid', detail: 'port', cause: { message: 'x' } });
});

it.each([
  ['of any other error tells that', `throw Object.assign(new RangeError('far'), { code: 'EACCES' });`, 'far'],
  ['of what is no error tells one that says it', `throw 'a word';`, 'a word'],
])('that dies %s', async (_, script, message) => {
  const thrown = await started(script).death;
  expect(thrown).toBeInstanceOf(Error);
  expect(thrown).not.toBeInstanceOf(LatchkeyError);
  expect(thrown.message).toBe(message);
});
