import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { connect } from 'node:net';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { bellInThread } from '../../../../src/signaling/transport/intake/bell.ts';
import { listeningSocket } from './stage.ts';

it('a bell rings when somebody waits, once for each time that it is set, and not when it is closed', async () => {
  const { socket, port } = await listeningSocket();
  const rings: PromiseWithResolvers<void>[] = [Promise.withResolvers(), Promise.withResolvers()];
  let rung = 0;
  const broken: Error[] = [];
  const bell = bellInThread(socket.signs, {
    rung: () => rings[rung++]?.resolve(),
    broken: (error) => broken.push(error),
  });
  bell.set();
  const client = connect({ host: '127.0.0.1', port });
  await once(client, 'connect');
  await rings[0]?.promise;
  expect(rung).toBe(1);
  // It still waits, and so the bell rings as soon as it is set.
  bell.set();
  await rings[1]?.promise;
  const connection = socket.accept();
  if (typeof connection === 'string') throw new Error('nobody was there');
  expect(socket.accept()).toBe('nobody');
  socket.drop(connection);
  bell.set();
  const unhung = bell.close();
  socket.shut();
  await unhung;
  socket.close();
  client.destroy();
  expect([rung, broken]).toEqual([2, []]);
});

it('a bell whose socket is none tells that it is broken', async () => {
  const told = Promise.withResolvers<Error>();
  const bell = bellInThread([2 ** 40], { rung: () => {}, broken: told.resolve });
  bell.set();
  expect(await told.promise).toBeInstanceOf(Error);
  await bell.close();
});

it.each([
  ['exit', 3],
  ['throw', 1],
])('a process with a bell ends at once by %s, as one without', async (how, code) => {
  const script = join(import.meta.dirname, 'exit-child.ts');
  const child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', script, how], { stdio: 'ignore' });
  const [exitCode] = await once(child, 'exit');
  expect(exitCode).toBe(code);
});
