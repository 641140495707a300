import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { connect } from 'node:net';

const listener = `require('node:net').createServer((socket) => socket.destroy())
  .listen({ port: 0, host: '127.0.0.1', backlog: 1 }, function () { console.log(this.address().port); });`;
/** More than a backlog of one lets wait. */
const crowd = 4;

/** A process that listens and stands still, with as many waiting at its port as it lets: whoever else comes is on the way for good. */
export async function crowdedPort() {
  const child = spawn(process.execPath, ['-e', listener], { stdio: ['ignore', 'pipe', 'inherit'] });
  const [port] = await once(child.stdout.setEncoding('utf8'), 'data');
  child.kill('SIGSTOP');
  const others = Array.from({ length: crowd }, () => connect(Number(port), '127.0.0.1').on('error', () => {}));
  await Promise.all(others.slice(0, 2).map((socket) => once(socket, 'connect')));
  return {
    url: `http://127.0.0.1:${Number(port)}`,
    async [Symbol.asyncDispose](): Promise<void> {
      for (const socket of others) socket.destroy();
      child.kill('SIGKILL');
      await once(child, 'exit');
    },
  };
}
