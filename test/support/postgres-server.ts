import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, chownSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client } from 'pg';
import { vi } from 'vitest';
import { Redacted } from '../../src/base/index.ts';
import { type PostgresSettings, postgresSchema } from '../../src/ownership/index.ts';
import { freePort } from './free-port.ts';
import { childrenOf } from './processes.ts';
import { selfSigned } from './self-signed.ts';

const versions = '/usr/lib/postgresql';
/** What this may last in the worst case; it is waited for as long as it does not come. */
const generous = { timeout: 30_000, interval: 20 };

/** A PostgreSQL of a test's own, on loopback and in a folder of its own, with the schema of ownership. TLS is there for who asks. */
export async function postgresServer() {
  const version = readdirSync(versions).sort((a, b) => Number(b) - Number(a))[0] ?? '';
  const programs = join(versions, version, 'bin');
  const folder = mkdtempSync(join(tmpdir(), 'latchkey-postgres-'));
  const cluster = join(folder, 'cluster');
  const port = await freePort();
  const owner = unprivileged();
  const user = { ...owner, cwd: folder };
  writeFileSync(join(folder, 'password'), 'first');
  if (owner.uid !== undefined) for (const path of ['', 'password']) chownSync(join(folder, path), owner.uid, owner.gid);
  const how = ['-A', 'scram-sha-256', '-U', 'admin', '--pwfile', join(folder, 'password'), '--no-sync', '-E', 'UTF8'];
  execFileSync(join(programs, 'initdb'), [...how, '--locale', 'C', '-D', cluster], { ...user, stdio: 'ignore' });
  const { certificate, key } = selfSigned();
  for (const [name, text] of [['server.crt', certificate] as const, ['server.key', key] as const]) {
    writeFileSync(join(cluster, name), text);
    chmodSync(join(cluster, name), 0o600);
    if (owner.uid !== undefined) chownSync(join(cluster, name), owner.uid, owner.gid);
  }
  let server: ChildProcess | undefined;
  let log = '';

  const settings = {
    host: '127.0.0.1',
    port,
    database: 'postgres',
    user: 'admin',
    password: new Redacted('first'),
    tls: undefined,
    connectionsMax: 4,
  } satisfies PostgresSettings;

  async function start(): Promise<void> {
    const options = { fsync: 'off', ssl: 'on', listen_addresses: '127.0.0.1', unix_socket_directories: folder };
    const parameters = Object.entries(options).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
    const child = spawn(join(programs, 'postgres'), ['-D', cluster, '-p', `${port}`, ...parameters], {
      ...user,
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    server = child;
    log = '';
    await new Promise<void>((resolve, reject) => {
      child.stderr?.on('data', (text) => {
        log += text;
        if (log.includes('ready to accept connections')) resolve();
      });
      child.once('exit', (code) => reject(new Error(`postgres ended with ${code}: ${log}`)));
    });
  }

  /** Ends the server as a power cut would, and waits until nothing of it runs. */
  async function kill(): Promise<void> {
    const pid = server?.pid;
    if (server === undefined || pid === undefined) return;
    const backends = childrenOf(pid).map((child) => child.pid);
    const ended = once(server, 'exit');
    server.kill('SIGKILL');
    await ended;
    await vi.waitFor(() => {
      if (backends.some(isAlive)) throw new Error('a part of the server still runs');
    }, generous);
    server = undefined;
  }

  async function stop(): Promise<void> {
    if (server !== undefined && server.exitCode === null) {
      const ended = once(server, 'exit');
      server.kill('SIGINT');
      await ended;
    }
    rmSync(folder, { recursive: true, force: true });
  }

  /** Runs SQL by hand, on a connection of its own. */
  async function run(sql: string, values: unknown[] = []): Promise<Record<string, unknown>[]> {
    const client = new Client({ ...settings, password: 'first', ssl: false });
    await client.connect();
    try {
      return (await client.query(sql, values)).rows;
    } finally {
      await client.end();
    }
  }

  /** Holds a table so that nobody can read it, until the function that this gives is called. */
  async function locked(table: string): Promise<() => Promise<void>> {
    const client = new Client({ ...settings, password: 'first', ssl: false });
    await client.connect();
    await client.query(`BEGIN; LOCK TABLE ${table} IN ACCESS EXCLUSIVE MODE`);
    return () => client.end();
  }

  try {
    await start();
    await run(postgresSchema);
  } catch (thrown) {
    await stop();
    throw thrown;
  }
  return {
    settings,
    certificate,
    folder,
    start,
    kill,
    stop,
    run,
    locked,
    /** What the server has said since it started. */
    log: () => log,
  };
}

export type PostgresServer = Awaited<ReturnType<typeof postgresServer>>;

/** PostgreSQL does not run as root: then it runs as the user that its package has made. */
function unprivileged(): { uid: number; gid: number } | { uid?: undefined; gid?: undefined } {
  if (process.getuid?.() !== 0) return {};
  const line = readFileSync('/etc/passwd', 'utf8')
    .split('\n')
    .find((each) => each.startsWith('postgres:'));
  const [, , uid, gid] = line?.split(':') ?? [];
  return { uid: Number(uid), gid: Number(gid) };
}

function isAlive(pid: number): boolean {
  try {
    return !/^\d+ \(.*\) Z/s.test(readFileSync(`/proc/${pid}/stat`, 'utf8'));
  } catch {
    return false;
  }
}
