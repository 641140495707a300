import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { limits } from '../../base/index.ts';

export interface PortHolder {
  readonly process: number;
  readonly program: string;
}

/** Which process has a port of this machine, where the system lets us see it (Linux, and processes of this user, or all to root). */
export function holderOf(transport: 'tcp' | 'udp', port: number): PortHolder | undefined {
  const sockets = new Set(['', '6'].flatMap((family) => socketsIn(`/proc/net/${transport}${family}`, transport, port)));
  if (sockets.size === 0) return undefined;
  let looked = 0;
  for (const name of listed('/proc')) {
    if (!/^\d+$/.test(name)) continue;
    for (const descriptor of listed(`/proc/${name}/fd`)) {
      if (looked++ >= limits.doctorDescriptorsMax) return undefined;
      if (sockets.has(linkOf(`/proc/${name}/fd/${descriptor}`))) {
        return { process: Number(name), program: textOf(`/proc/${name}/comm`).trim() };
      }
    }
  }
  return undefined;
}

/** The sockets that are bound to a port: of TCP those that listen. */
function socketsIn(file: string, transport: 'tcp' | 'udp', port: number): string[] {
  const wanted = port.toString(16).toUpperCase().padStart(4, '0');
  return textOf(file)
    .split('\n')
    .slice(1)
    .map((line) => line.trim().split(/\s+/))
    .filter(([, local, , state]) => local?.endsWith(`:${wanted}`) && (transport === 'udp' || state === listens))
    .map((fields) => `socket:[${fields[9]}]`);
}

const listens = '0A';

function listed(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}

function linkOf(path: string): string {
  try {
    return readlinkSync(path);
  } catch {
    return '';
  }
}

function textOf(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}
