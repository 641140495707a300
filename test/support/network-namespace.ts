import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { BlockList } from 'node:net';
import { networkInterfaces, tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

const execute = promisify(execFile);

/** A viewer's network behind a router, and the road between it and this machine. */
export interface ViewerNetwork extends AsyncDisposable {
  /** This machine's address on the road: what a relay binds or announces to be reached. */
  readonly relayHost: string;
  /** The address of everything that runs inside. */
  readonly viewerHost: string;
  /** Starts as Chromium does, inside: an `executablePath`. */
  readonly chromium: string;
  /** Runs a program inside to its end, and resolves to what it wrote. */
  run(program: string, ...parameters: readonly string[]): Promise<string>;
  /** Lets the router pass UDP on, or not. Not, from the start: datagrams are lost without a word, as behind many firewalls. */
  passUdp(passes: boolean): Promise<void>;
}

/**
 * Makes a network out of two namespaces, of the viewer and of its router, joined to this one by two pairs of virtual
 * interfaces. Needs Linux, root and iproute2.
 */
export async function networkWithoutUdp(): Promise<ViewerNetwork> {
  if (process.getuid?.() !== 0) throw new Error('A network namespace is made by root: run this test as root.');
  const id = `lk${randomBytes(3).toString('hex')}`;
  const [viewer, router] = [`${id}-viewer`, `${id}-router`];
  const [relayHost, towardsRelay, towardsViewer, viewerHost] = freeHosts();
  await using made = new AsyncDisposableStack();
  for (const name of [router, viewer]) {
    await ip('netns', 'add', name);
    made.defer(async () => void (await ip('netns', 'delete', name)));
  }
  await ip('link', 'add', `${id}a`, 'type', 'veth', 'peer', 'name', `${id}b`, 'netns', router);
  made.defer(async () => void (await ip('link', 'delete', `${id}a`)));
  await ip('-n', router, 'link', 'add', `${id}c`, 'type', 'veth', 'peer', 'name', `${id}d`, 'netns', viewer);
  await up([], `${id}a`, relayHost);
  await up(['-n', router], `${id}b`, towardsRelay);
  await up(['-n', router], `${id}c`, towardsViewer);
  await up(['-n', viewer], `${id}d`, viewerHost);
  await ip('-n', viewer, 'link', 'set', 'lo', 'up');
  await ip('route', 'add', `${viewerHost}/32`, 'via', towardsRelay, 'dev', `${id}a`);
  await ip('-n', viewer, 'route', 'add', 'default', 'via', towardsViewer);
  await ip('netns', 'exec', router, 'sh', '-c', 'echo 1 >/proc/sys/net/ipv4/ip_forward');
  const noUdp = ['priority', '1', 'ipproto', 'udp', 'blackhole'];
  await ip('-n', router, 'rule', 'add', ...noUdp);

  const folder = mkdtempSync(join(tmpdir(), 'latchkey-viewer-'));
  made.defer(() => rmSync(folder, { recursive: true, force: true }));
  const chromium = join(folder, 'chromium');
  writeFileSync(chromium, `#!/bin/sh\nexec ip netns exec ${viewer} /usr/bin/chromium "$@"\n`, { mode: 0o755 });

  const kept = made.move();
  let passing = false;
  return {
    relayHost,
    viewerHost,
    chromium,
    run: (program, ...parameters) => ip('netns', 'exec', viewer, program, ...parameters),
    async passUdp(passes) {
      if (passes !== passing) await ip('-n', router, 'rule', passes ? 'delete' : 'add', ...noUdp);
      passing = passes;
    },
    [Symbol.asyncDispose]: () => kept.disposeAsync(),
  };
}

async function ip(...parameters: readonly string[]): Promise<string> {
  return (await execute('ip', parameters)).stdout;
}

/** Without IPv6, whose addresses would come by themselves a second later: Chromium gives up what it does when one comes. */
async function up(namespace: readonly string[], name: string, host: string): Promise<void> {
  await ip(...namespace, 'link', 'set', name, 'addrgenmode', 'none');
  await ip(...namespace, 'address', 'add', `${host}/30`, 'dev', name);
  await ip(...namespace, 'link', 'set', name, 'up');
}

/** Two pairs of neighbours, each with a /30 of its own, on no network that this machine is on. */
function freeHosts(): [string, string, string, string] {
  const taken = new BlockList();
  for (const { address, cidr, family } of Object.values(networkInterfaces()).flatMap((all) => all ?? [])) {
    if (family === 'IPv4') taken.addSubnet(address, Number(cidr?.split('/')[1] ?? 32));
  }
  for (let net = 213; net > 0; net--) {
    const host = (at: number) => `10.${net}.${process.pid % 256}.${at}`;
    if (!taken.check(host(1)) && !taken.check(host(5))) return [host(1), host(2), host(5), host(6)];
  }
  throw new Error('This machine is on all networks of 10.0.0.0/8.');
}
