import { createSocket } from 'node:dgram';
import { createServer, isIPv6 } from 'node:net';
import { bindable } from '../../wiring/index.ts';
import { isAlive, localHost } from './alive.ts';
import { type Finding, ok, problem } from './finding.ts';
import type { Check, Patient } from './patient.ts';
import { holderOf, type PortHolder } from './port-holder.ts';

interface Port {
  readonly setting: string;
  readonly transport: 'tcp' | 'udp';
  readonly host: string;
  readonly port: number;
}

/** Whether the ports are free, or which relay or stranger has them. */
export const portsCheck: Check = {
  name: 'ports',
  async look(patient) {
    const relay = await runningRelay(patient);
    patient.relayProcess = relay?.holder?.process;
    const all = portsOf(patient.settings);
    const found = await Promise.all(all.map(async (port) => ofPort(port, await whyTaken(port), relay)));
    if (relay !== undefined || found.some(({ outcome }) => outcome !== 'ok')) return found;
    return [
      ok(`all ${all.length} ports are free: ${all.map(({ transport, port }) => `${transport} ${port}`).join(', ')}`),
    ];
  },
};

/** The relay that answers where one of these settings would; without its process, where that cannot be seen. */
interface RunningRelay {
  readonly holder: PortHolder | undefined;
}

async function runningRelay({
  settings: { http, operations },
  machine: { clock },
}: Patient): Promise<RunningRelay | undefined> {
  const scheme = http.tls === null ? 'http' : 'https';
  const [byOperations, byHttp] = await Promise.all([
    isAlive(`http://${localHost(operations.host)}:${operations.port}/healthz`, clock),
    isAlive(`${scheme}://${localHost(http.host)}:${http.port}/healthz`, clock),
  ]);
  if (!byOperations && !byHttp) return undefined;
  return { holder: holderOf('tcp', byOperations ? operations.port : http.port) };
}

function portsOf({ http, operations, admin, relay }: Patient['settings']): Port[] {
  const media = bindable(relay.host);
  const udp = Array.from({ length: relay.workers }, (_, index) => ({
    setting: 'relay.port',
    transport: 'udp' as const,
    host: media,
    port: relay.port === 0 ? 0 : relay.port + index,
  }));
  const tcpPort = relay.tcpPort === 'same' ? relay.port : relay.tcpPort;
  return [
    { setting: 'http.port', transport: 'tcp', host: bindable(http.host), port: http.port },
    { setting: 'operations.port', transport: 'tcp', host: bindable(operations.host), port: operations.port },
    { setting: 'admin.port', transport: 'tcp', host: bindable(admin.host), port: admin.port },
    ...udp,
    ...(tcpPort === 'off' ? [] : [{ setting: 'relay.tcpPort', transport: 'tcp' as const, host: media, port: tcpPort }]),
  ];
}

function ofPort(at: Port, taken: string | undefined, relay: RunningRelay | undefined): Finding {
  const { setting, transport, host, port } = at;
  const what = `${transport.toUpperCase()} port ${port} (${setting})`;
  if (taken === undefined) return ok(`${what} is free`);
  if (taken === 'EADDRINUSE') return ofHolder(what, setting, holderOf(transport, port), relay);
  if (taken === 'EACCES') {
    return problem(
      `${what} may not be used by this user`,
      'AmbientCapabilities=CAP_NET_BIND_SERVICE in the unit, or a port of 1024 or more',
    );
  }
  if (taken === 'EADDRNOTAVAIL' || taken === 'EAFNOSUPPORT') {
    return problem(
      `${host} is no address of this machine`,
      `set ${setting.replace(/\w+$/, 'host')} to one: ip -brief address`,
    );
  }
  return problem(`${what} cannot be had: ${taken}`, `set ${setting} to another one`);
}

function ofHolder(
  what: string,
  setting: string,
  holder: PortHolder | undefined,
  relay: RunningRelay | undefined,
): Finding {
  const who =
    holder === undefined ? 'a process that cannot be seen from here' : `process ${holder.process} (${holder.program})`;
  if (relay !== undefined && holder?.process === relay.holder?.process) {
    return ok(`${what} is held by ${who}: a relay, which answers at /healthz`);
  }
  return problem(
    `${what} is held by ${who}, and that is no relay of these settings`,
    `stop it, or set ${setting} to another port`,
  );
}

/** Takes the port for a moment. The system’s word for why it cannot be had; undefined where it can. */
function whyTaken({ transport, host, port }: Port): Promise<string | undefined> {
  return new Promise((resolve) => {
    if (transport === 'tcp') {
      const server = createServer();
      server.once('error', ({ code, message }: NodeJS.ErrnoException) => resolve(code ?? message));
      server.listen({ port, host }, () => server.close(() => resolve(undefined)));
      return;
    }
    const socket = createSocket(isIPv6(host) ? 'udp6' : 'udp4');
    socket.once('error', ({ code, message }: NodeJS.ErrnoException) => {
      socket.close();
      resolve(code ?? message);
    });
    socket.bind(port, host, () => socket.close(() => resolve(undefined)));
  });
}
