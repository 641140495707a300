import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { thisMachine } from '../../../src/cli/doctor/patient.ts';
import { ofTcp, ofUdp, type ProbeTarget, probe } from '../../../src/cli/doctor/probe.ts';
import { freePort } from '../../support/free-port.ts';
import { runningRelay } from '../../support/running-relay.ts';
import { selfSigned } from '../../support/self-signed.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';
import { sentence } from './support/patient.ts';

async function probed(target: Partial<ProbeTarget>): Promise<string[]> {
  const found: string[] = [];
  const whole = { host: '127.0.0.1', port: 1, mediaPort: 1, mediaTcpPort: 1, ...target };
  for await (const [check, finding] of probe(whole, thisMachine)) found.push(`${check} ${sentence(finding)}`);
  return found;
}

async function serving(answer: RequestListener): Promise<number> {
  const server = createServer(answer).listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => void server.close());
  return (server.address() as AddressInfo).port;
}

describe('the look at another machine’s relay', () => {
  it('finds one that runs, and says what cannot be known of its UDP port', async () => {
    await using relay = await runningRelay({ environment: { LATCHKEY_RELAY_WORKERS: '1' } });
    const { httpPort, mediaPort, mediaTcpPort = 0 } = relay.server;
    expect(await probed({ port: httpPort, mediaPort, mediaTcpPort })).toEqual([
      'name ok: 127.0.0.1 is an address',
      `http ok: http://127.0.0.1:${httpPort} is a relay, and alive`,
      'http ok: its clock is this machine’s',
      expect.stringMatching(/^media-tcp ok: TCP port \d+ of 127\.0\.0\.1 takes connections/),
      expect.stringMatching(/^media-udp unknown: UDP port \d+ .* is silent.*→ .*latchkey_relay_dropped_total/),
    ]);
    expect(await relay.metric('latchkey_relay_dropped_total', { reason: 'class-unassigned' })).toBe(1);
  });

  it('finds one behind TLS, and refuses a certificate that nobody trusts', async () => {
    const { certificate, key } = selfSigned();
    const folder = temporaryFolder();
    const files = { certificateFile: join(folder, 'c.pem'), keyFile: join(folder, 'k.pem') };
    writeFileSync(files.certificateFile, certificate);
    writeFileSync(files.keyFile, key);
    await using relay = await runningRelay({ environment: { LATCHKEY_HTTP_TLS: JSON.stringify(files) } });
    const at = { host: 'localhost', port: relay.server.httpPort };
    expect((await probed({ ...at, ca: certificate }))[1]).toMatch(/^http ok: https:\/\/localhost:\d+ is a relay/);
    expect((await probed(at))[1]).toMatch(/^http problem: .*not trusted here.*--ca/);
  });

  it('finds that nobody is there', async () => {
    const port = await freePort();
    expect(await probed({ port, mediaPort: port, mediaTcpPort: port })).toEqual([
      'name ok: 127.0.0.1 is an address',
      expect.stringMatching(/^http problem: .*does not answer by HTTP/),
      expect.stringMatching(/^media-tcp problem: .*cannot be reached: ECONNREFUSED → open it/),
      expect.stringMatching(/^media-udp problem: .*cannot be reached: ECONNREFUSED →/),
    ]);
  });

  it('finds that somebody else is there', async () => {
    const port = await serving((_, response) => response.end('hello'));
    expect((await probed({ port }))[1]).toMatch(/^http problem: .*answers 200, and not as a relay does/);
    const echo = createSocket('udp4').bind(0, '127.0.0.1');
    await once(echo, 'listening');
    onTestFinished(() => void echo.close());
    echo.on('message', (message, from) => echo.send(message, from.port, from.address));
    expect((await probed({ mediaPort: echo.address().port }))[3]).toMatch(/^media-udp problem: .*no relay does/);
  });

  it('finds that its clock is wrong', async () => {
    const port = await serving((_, response) => {
      response.writeHead(200, { date: 'Thu, 01 Jan 2026 00:00:00 GMT' }).end('alive\n');
    });
    expect((await probed({ port }))[2]).toMatch(/^http problem: its clock is \d+ s (?:behind|ahead of)/);
  });

  it('finds that there is no such name', async () => {
    expect(await probed({ host: 'no-such-host.invalid' })).toEqual([
      expect.stringMatching(/^name problem: .*no address/),
    ]);
  });

  it('a firewall that drops is told from one that refuses', () => {
    expect(sentence(ofTcp('silent', { host: 'a', mediaTcpPort: 1 }))).toMatch(/^problem: .*something drops/);
    expect(sentence(ofUdp('EHOSTUNREACH', { host: 'a', mediaPort: 1 }))).toMatch(/^problem: .*EHOSTUNREACH/);
  });
});
