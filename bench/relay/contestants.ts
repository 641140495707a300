import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { checksOf } from './checks.ts';
import { Child } from './child.ts';
import type { Tools } from './tools.ts';

export interface Sides {
  readonly flows: number;
  readonly cameraPort: number;
  readonly viewerPort: number;
}

/** A relay that runs, and the line that tells the generator how to get through it. */
export interface Started {
  readonly child: Child;
  readonly setup: string;
}

export interface Contestant {
  readonly name: string;
  readonly about: string;
  start(tools: Tools, sides: Sides): Promise<Started>;
}

export const contestants: readonly Contestant[] = [
  floor('c-plain', 'relay-plain', 'C, recvfrom and sendto'),
  floor('c-mmsg', 'relay-mmsg', 'C, recvmmsg and sendmmsg, 64 at a time'),
  floor('c-gso', 'relay-gso', 'C, UDP_GRO in and UDP_SEGMENT out'),
  latchkey('latchkey', 'batched', 'Latchkey on its batched port'),
  latchkey('latchkey-dgram', 'dgram', 'Latchkey on node:dgram'),
  { name: 'node-dgram', about: 'node:dgram alone, which parses nothing', start: startNodeDgram },
  coturn('coturn-one', 'turn-one', 'coturn, from its client to a peer', 0),
  coturn('coturn-one-back', 'turn-back', 'coturn, from a peer to its client', 1),
  coturn('coturn-both', 'turn-both', 'coturn, both sides on TURN', 2),
];

export function contestantOf(name: string): Contestant {
  const found = contestants.find((contestant) => contestant.name === name);
  if (found === undefined) throw new TypeError(`no contestant is called ${name}`);
  return found;
}

function floor(name: string, program: 'relay-plain' | 'relay-mmsg' | 'relay-gso', about: string): Contestant {
  return {
    name,
    about,
    start(tools, { flows, cameraPort, viewerPort }) {
      const parameters = [flows, cameraPort, viewerPort].map(String);
      return listening('plain', new Child(name, tools.relayCore, tools.program(program), parameters));
    },
  };
}

function startNodeDgram(tools: Tools, { flows, cameraPort, viewerPort }: Sides): Promise<Started> {
  const file = join(import.meta.dirname, 'node-dgram.ts');
  const parameters = ['--disable-warning=ExperimentalWarning', file, ...[flows, cameraPort, viewerPort].map(String)];
  return listening('plain', new Child('node-dgram', tools.relayCore, process.execPath, parameters));
}

function latchkey(name: string, udp: string, about: string): Contestant {
  return {
    name,
    about,
    start(tools, { flows }) {
      const checks = join(tools.folder, `checks-${flows}`);
      writeFileSync(checks, checksOf(flows));
      const node = ['--disable-warning=ExperimentalWarning', '--expose-gc', join(import.meta.dirname, 'latchkey.ts')];
      const parameters = [...node, '--udp', udp, '--sessions', String(flows)];
      return listening('latch', new Child(name, tools.relayCore, process.execPath, parameters), checks);
    },
  };
}

/** Ports that the kernel gives to nobody by itself, some for each server: coturn shares the ports of its allocations. */
const allocationPortFirst = 61_000;
const allocationPorts = 1_500;

function coturn(name: string, setup: string, about: string, index: number): Contestant {
  return {
    name,
    about,
    async start(tools) {
      const port = await freePort();
      const first = allocationPortFirst + index * allocationPorts;
      const parameters = [
        ...['-n', '--no-auth', '--allow-loopback-peers', '--no-cli', '--no-tcp', '--no-tls', '--no-dtls'],
        ...['--listening-ip=127.0.0.1', '--relay-ip=127.0.0.1', `--listening-port=${port}`, '--relay-threads=1'],
        ...[`--min-port=${first}`, `--max-port=${first + allocationPorts - 1}`],
        ...['--log-file=/dev/null', '--simple-log', '--no-stdout-log'],
        ...[`--pidfile=${join(tools.folder, name)}`, `--userdb=${join(tools.folder, `${name}-db`)}`],
      ];
      const child = new Child(name, tools.relayCore, 'turnserver', parameters);
      return { child, setup: `${setup} ${port} ${child.pid}` };
    },
  };
}

/** Waits until a relay says where it listens. */
async function listening(verb: string, child: Child, file = ''): Promise<Started> {
  try {
    const { port } = (await child.answer()) as { port: number };
    return { child, setup: `${verb} ${port} ${child.pid} ${file}`.trimEnd() };
  } catch (error) {
    await child[Symbol.asyncDispose]();
    throw error;
  }
}

async function freePort(): Promise<number> {
  const socket = createSocket('udp4');
  socket.bind({ address: '127.0.0.1', port: 0 });
  await once(socket, 'listening');
  const { port } = socket.address();
  socket.close();
  return port;
}
