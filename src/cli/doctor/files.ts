import { limits } from '../../base/index.ts';
import { type Finding, ok, unknown, warning } from './finding.ts';
import type { Check, Patient } from './patient.ts';

/** How many files may be open: each connection is one. */
export const filesCheck: Check = {
  name: 'files',
  look({ settings, machine: { read }, relayProcess }) {
    const whose = relayProcess === undefined ? 'this shell' : `the relay that runs (process ${relayProcess})`;
    return [ofLimits(read(`/proc/${relayProcess ?? 'self'}/limits`), whose, settings)];
  },
};

/** Node raises the soft limit to the hard one as it starts. */
export function ofLimits(text: string | undefined, whose: string, { http, relay }: Patient['settings']): Finding {
  const [, soft, hard] = /^Max open files\s+(\S+)\s+(\S+)/m.exec(text ?? '') ?? [];
  const needed =
    http.connectionsMax + (relay.tcpPort === 'off' ? 0 : limits.tcpConnectionsMax) + limits.doctorSpareFilesMin;
  const todo = `LimitNOFILE=${needed} in [Service] of the unit, or a smaller http.connectionsMax`;
  if (hard === undefined) return unknown('this system does not say how many files may be open', todo);
  const found = `${whose} may have ${soft} files open (hard limit: ${hard}), and http.connectionsMax asks for ${needed}`;
  return hard === 'unlimited' || Number(hard) >= needed ? ok(found) : warning(found, todo);
}
