import { limits } from '../../base/index.ts';
import { whyNotBatched } from '../../relay/index.ts';
import { whyNoUws } from '../../signaling/index.ts';
import { type Finding, ok, problem, unknown, warning } from './finding.ts';
import type { Check, Patient } from './patient.ts';

/** What the program runs on. */
export const runtimeCheck: Check = {
  name: 'runtime',
  async look({ settings, machine }) {
    return [
      ofNode(process.versions.node),
      ofUws(settings.http.server, await whyNoUws()),
      ofBatches(settings.relay.udp, await whyNotBatched()),
      ofMemory(machine.read('/proc/meminfo'), process.constrainedMemory(), settings),
    ];
  },
};

export function ofNode(version: string): Finding {
  const found = `Node.js ${version}`;
  const isKnown = Number(version.split('.')[0]) >= limits.doctorNodeMajorMin;
  return isKnown
    ? ok(found)
    : warning(
        `${found} is older than what this was tested with`,
        `run it with Node.js ${limits.doctorNodeMajorMin}: npm ci brings one`,
      );
}

export function ofUws(wanted: Patient['settings']['http']['server'], why: string | undefined): Finding {
  if (why === undefined)
    return ok(wanted === 'ws' ? 'uWebSockets.js loads here, and http.server is ws' : 'uWebSockets.js loads here');
  const todo =
    'Debian 13, Ubuntu 24.04 or later has the libc that it wants; ws serves the same at about twice the cost';
  return wanted === 'uws'
    ? problem(`http.server is uws, and uWebSockets.js does not load: ${why}`, 'set http.server to auto')
    : warning(`uWebSockets.js does not load: ${why}`, todo);
}

export function ofBatches(wanted: Patient['settings']['relay']['udp'], why: string | undefined): Finding {
  if (why === undefined)
    return ok(wanted === 'dgram' ? 'batched UDP can be had, and relay.udp is dgram' : 'batched UDP can be had');
  if (wanted === 'batched') return problem(`relay.udp is batched, and cannot be: ${why}`, 'set relay.udp to auto');
  return warning(`no batched UDP: ${why}`, 'run it on Linux, x64 or arm64, with the optional binary of koffi (npm ci)');
}

/** `constrained`: what a control group leaves this process, in bytes; more than any machine has where there is none. */
export function ofMemory(
  meminfo: string | undefined,
  constrained: number | undefined,
  { http }: Patient['settings'],
): Finding {
  const kilobytes = /^MemAvailable:\s+(\d+) kB/m.exec(meminfo ?? '')?.[1];
  const needed = limits.doctorOwnBytes + http.connectionsMax * limits.doctorConnectionBytes;
  const mb = (bytes: number) => `${Math.floor(bytes / 2 ** 20)} MB`;
  const todo = `give it ${mb(needed)}, or set http.connectionsMax to what comes`;
  if (kilobytes === undefined) return unknown('this system does not say how much memory is free', todo);
  const free = Math.min(Number(kilobytes) * 1024, constrained || Number.POSITIVE_INFINITY);
  const found = `${mb(free)} of memory can be had, and ${http.connectionsMax} connections take about ${mb(needed)}`;
  return free >= needed ? ok(found) : warning(found, todo);
}
