import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { freePort } from './free-port.ts';

/** A Redis of a test’s own: in the clear on loopback, in a folder that goes with it, without a copy on the disk. */
export interface RunningRedis {
  readonly port: number;
  /** Ends it as a power cut would. */
  kill(): Promise<void>;
  /** Starts it again on the same port, empty. */
  restart(): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
}

/** `parameters`: of the command line, such as `['--requirepass', 'x']`; `tls` in the place of the clear port. */
export async function runningRedis(
  parameters: readonly string[] = [],
  tls?: { readonly certificateFile: string; readonly keyFile: string },
): Promise<RunningRedis> {
  const folder = mkdtempSync(join(tmpdir(), 'latchkey-redis-'));
  const port = await freePort();
  const listen =
    tls === undefined
      ? ['--port', `${port}`]
      : [
          '--port',
          '0',
          '--tls-port',
          `${port}`,
          '--tls-cert-file',
          tls.certificateFile,
          '--tls-key-file',
          tls.keyFile,
        ].concat(['--tls-auth-clients', 'no']);
  const start = () => started(['--dir', folder, '--bind', '127.0.0.1', '--save', '', ...listen, ...parameters]);
  let child = await start();
  const kill = async () => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    const gone = new Promise((resolve) => child.once('exit', resolve));
    child.kill('SIGKILL');
    await gone;
  };
  return {
    port,
    kill,
    async restart() {
      child = await start();
    },
    async [Symbol.asyncDispose]() {
      await kill();
      rmSync(folder, { recursive: true });
    },
  };
}

function started(parameters: readonly string[]): Promise<ChildProcess> {
  const child = spawn('redis-server', [...parameters], { stdio: ['ignore', 'pipe', 'inherit'] });
  const said: string[] = [];
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', () => reject(new Error(`redis-server did not start:\n${said.join('\n')}`)));
    createInterface({ input: child.stdout }).on('line', (line) => {
      said.push(line);
      if (line.includes('Ready to accept connections')) resolve(child);
    });
  });
}
