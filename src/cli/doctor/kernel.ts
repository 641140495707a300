import { limits } from '../../base/index.ts';
import { type Finding, ok, unknown, warning } from './finding.ts';
import type { Check, Machine } from './patient.ts';

/** What the kernel lets a relay have: buffers for media, and connections that wait to be taken. */
export const kernelCheck: Check = {
  name: 'kernel',
  look: ({ machine }) => [
    ofSetting(machine, 'net.core.rmem_max', limits.udpBufferBytes, 'bytes for media that arrives'),
    ofSetting(machine, 'net.core.wmem_max', limits.udpBufferBytes, 'bytes for media that leaves'),
    ofSetting(machine, 'net.core.somaxconn', limits.connectionsUnacceptedMax, 'connections that wait to be taken'),
  ],
};

function ofSetting({ read }: Machine, name: string, wanted: number, what: string): Finding {
  const todo = `sysctl -w ${name}=${wanted}, and the same line without the command in /etc/sysctl.d/90-latchkey.conf`;
  const text = read(`/proc/sys/${name.replaceAll('.', '/')}`);
  if (text === undefined) return unknown(`${name} cannot be read here`, `${todo}; for a container, on its host`);
  const value = Number(text);
  const found = `${name} is ${value}, and the relay asks for ${wanted} ${what}`;
  return value >= wanted ? ok(found) : warning(found, todo);
}
