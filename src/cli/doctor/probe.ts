import { lookup } from 'node:dns/promises';
import { isIP } from 'node:net';
import { limits, within } from '../../base/index.ts';
import { type Answer, exchange } from './exchange.ts';
import { type Finding, ok, problem, unknown, whyOf } from './finding.ts';
import { type Knock, knockTcp, knockUdp } from './knock.ts';
import type { Machine } from './patient.ts';

export interface ProbeTarget {
  readonly host: string;
  /** Of HTTP and WebSocket. */
  readonly port: number;
  readonly mediaPort: number;
  readonly mediaTcpPort: number;
  readonly ca?: string | undefined;
}

/** What can be known of a relay from another machine, without being anybody to it. */
export async function* probe(target: ProbeTarget, machine: Machine): AsyncGenerator<readonly [string, Finding]> {
  const name = await ofName(target.host);
  yield ['name', name];
  if (name.outcome === 'problem') return;
  for (const finding of await ofHttp(target, machine)) yield ['http', finding];
  yield ['media-tcp', ofTcp(await knockTcp(target.host, target.mediaTcpPort, machine.clock), target)];
  yield ['media-udp', ofUdp(await knockUdp(target.host, target.mediaPort, machine.clock), target)];
}

async function ofName(host: string): Promise<Finding> {
  if (isIP(host) !== 0) return ok(`${host} is an address`);
  try {
    const found = await lookup(host, { all: true });
    return ok(`${host} is ${found.map(({ address }) => address).join(', ')}`);
  } catch (thrown) {
    return problem(`${host} has no address: ${whyOf(thrown)}`, 'look at its DNS records, or name an address');
  }
}

/** Whether it speaks TLS is found out by trying. */
async function ofHttp({ host, port, ca }: ProbeTarget, { clock }: Machine): Promise<Finding[]> {
  const place = `${isIP(host) === 6 ? `[${host}]` : host}:${port}`;
  const ask = (url: string, options: { rejectUnauthorized?: boolean } = {}) =>
    within(clock, limits.doctorProbeMsMax, (signal) => exchange(url, { signal, ca, ...options }));
  try {
    return ofAnswer(`https://${place}`, await ask(`https://${place}/healthz`), clock.now());
  } catch (thrown) {
    const code = (thrown as NodeJS.ErrnoException).code ?? '';
    if (isNoTls(code)) {
      const plain = await ask(`http://${place}/healthz`).catch((error: unknown) => error as Error);
      if (!(plain instanceof Error)) return ofAnswer(`http://${place}`, plain, clock.now());
    }
    if (/CERT|SIGNED|ALTNAME/.test(code)) {
      return [
        problem(
          `https://${place} shows a certificate that is not trusted here (${code})`,
          'name its CA with --ca, or have it made for this name by one that is trusted',
        ),
      ];
    }
    return [
      problem(
        `${place} does not answer by HTTP: ${whyOf(thrown)}`,
        'see that the relay runs, and that no firewall keeps this port',
      ),
    ];
  }
}

function isNoTls(code: string): boolean {
  return /^ERR_SSL|^EPROTO$|^ECONNRESET$/.test(code);
}

function ofAnswer(url: string, { status, body, headers }: Answer, nowMs: number): Finding[] {
  if (status !== 200 || body !== 'alive\n') {
    return [
      problem(
        `${url}/healthz answers ${status}, and not as a relay does`,
        'see that this port leads to Latchkey, and that a proxy before it passes /healthz on',
      ),
    ];
  }
  const found = [ok(`${url} is a relay, and alive`)];
  const seconds = Math.round((Date.parse(headers.date ?? '') + 500 - nowMs) / 1000);
  if (Math.abs(seconds) <= limits.doctorClockSecondsMax) return [...found, ok('its clock is this machine’s')];
  if (Number.isNaN(seconds)) return found;
  return [
    ...found,
    problem(
      `its clock is ${Math.abs(seconds)} s ${seconds < 0 ? 'behind' : 'ahead of'} this machine’s`,
      'timedatectl, on both',
    ),
  ];
}

export function ofTcp(knock: Knock, { host, mediaTcpPort }: Pick<ProbeTarget, 'host' | 'mediaTcpPort'>): Finding {
  const place = `TCP port ${mediaTcpPort} of ${host}`;
  if (knock === 'taken')
    return ok(`${place} takes connections; whether it is the relay that does, only a live view shows`);
  const todo = 'open it in firewalls and NATs between, or set relay.tcpPort to "off": viewers then need UDP';
  if (knock === 'silent') return problem(`${place} does not answer: something drops what is sent there`, todo);
  return problem(`${place} cannot be reached: ${knock}`, todo);
}

/** A relay answers nothing to strangers, so that silence is what it has in common with a firewall. */
export function ofUdp(knock: Knock, { host, mediaPort }: Pick<ProbeTarget, 'host' | 'mediaPort'>): Finding {
  const place = `UDP port ${mediaPort} of ${host}`;
  if (knock === 'silent') {
    return unknown(
      `${place} is silent, as a relay is to strangers, and as a firewall is that drops: nothing here can tell them apart`,
      'at the relay, see whether latchkey_relay_dropped_total{reason="class-unassigned"} rises with each probe; or open a live view from here',
    );
  }
  if (knock === 'taken')
    return problem(`${place} answered, which no relay does to a stranger`, 'see what listens there');
  return problem(
    `${place} cannot be reached: ${knock}`,
    'see that the relay runs, and open the port in firewalls and NATs between',
  );
}
