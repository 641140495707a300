import { dirname, posix } from 'node:path';
import { describe, expect, it } from 'vitest';
import { importsOf } from './support/imports.ts';
import { fileAt } from './support/source-files.ts';

/** Everything that runs in the process of a relay: packages and modules of Node's by name, and the files that name them. */
function reachedFrom(start: string): Map<string, string[]> {
  const reached = new Map<string, string[]>();
  const seen = new Set<string>();
  const open = [start];
  for (let path = open.pop(); path !== undefined; path = open.pop()) {
    if (seen.has(path)) continue;
    seen.add(path);
    for (const { specifier, typeOnly } of importsOf(fileAt(path))) {
      if (typeOnly) continue;
      if (specifier.startsWith('.')) open.push(posix.join(dirname(path), specifier));
      else reached.set(specifier, [...(reached.get(specifier) ?? []), path]);
    }
  }
  return reached;
}

/** The calls that a file asks the C library for, which it does in one place. */
function namedIn(path: string): string[] {
  const { text } = fileAt(path);
  expect(text.match(/\.func\(/g)).toHaveLength(1);
  return [...text.matchAll(/has(?:<\w+>)?\('\w+ (\w+)\(/g)].map(([, name]) => name ?? '').sort();
}

describe('the process of a relay', () => {
  it('has nothing in it that can end DTLS or open SRTP', () => {
    const reached = reachedFrom('src/server.ts');
    expect([...reached.keys()].filter((name) => !name.startsWith('node:')).sort()).toEqual([
      // Loaded where the settings name a receiver of traces, and not before.
      '@opentelemetry/api',
      '@opentelemetry/exporter-trace-otlp-http',
      '@opentelemetry/resources',
      '@opentelemetry/sdk-trace-base',
      'jose',
      'koffi',
      'pg',
      'pino',
      'prom-client',
      'sdp-transform',
      'uWebSockets.js',
      'ws',
      'zod',
    ]);
  });

  it('uses no cipher in the relay: a MAC to check, and nothing to decrypt with', () => {
    const relay = [...(reachedFrom('src/server.ts').get('node:crypto') ?? [])].filter((path) =>
      path.startsWith('src/relay/'),
    );
    expect(relay.length).toBeGreaterThan(0);
    for (const path of relay) {
      const names = importsOf(fileAt(path))
        .filter(({ specifier }) => specifier === 'node:crypto')
        .flatMap(({ names }) => names);
      for (const name of names)
        expect(['createHmac', 'createSecretKey', 'timingSafeEqual', 'KeyObject']).toContain(name);
    }
  });

  it('calls the system by name, and nothing else: not the OpenSSL that Node has in it', () => {
    expect(reachedFrom('src/relay/media/media-thread.ts').get('koffi')).toEqual(['src/relay/udp/libc.ts']);
    const transport = 'src/signaling/transport';
    const [backlog, listening] = [`${transport}/backlog.ts`, `${transport}/intake/listening-socket.ts`];
    const relay = 'src/relay/udp/libc.ts';
    expect(reachedFrom('src/server.ts').get('koffi')?.sort()).toEqual([relay, backlog, listening]);
    expect(fileAt(backlog).text.match(/\.func\([^)]*\)/g)).toEqual([".func('int listen(int, int)"]);
    expect(namedIn(listening)).toEqual([
      'accept4',
      'close',
      'epoll_create1',
      'epoll_ctl',
      'epoll_wait',
      'fcntl',
      'recv',
      'setsockopt',
      'shutdown',
    ]);
    const bell = `${transport}/intake/bell-thread.ts`;
    expect(reachedFrom(bell).get('koffi')).toEqual([bell]);
    expect(fileAt(bell).text.match(/\.func\('\w+ (\w+)/g)).toEqual([".func('int poll"]);
    // Beside the relay itself, the command tells the service manager how it is, by the one kind of socket that Node has not.
    const manager = 'src/cli/service-manager.ts';
    expect(reachedFrom(manager).get('koffi')).toEqual([manager]);
    expect(fileAt(manager).text.match(/\.func\('\w+ (\w+)/g)).toEqual([".func('int socket", ".func('intptr_t sendto"]);
    expect(namedIn(relay)).toEqual([
      'bind',
      'close',
      'getsockname',
      'getsockopt',
      'madvise',
      'prctl',
      'sendto',
      'setsockopt',
      'socket',
      'syscall',
      'usleep',
    ]);
  });

  it('is a claim that can fail: the camera agent’s process has DTLS in it', () => {
    expect([...reachedFrom('src/camera/index.ts').keys()]).toContain('werift');
  });
});
