import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { describe, expect, it, onTestFinished } from 'vitest';
import { portsCheck } from '../../../src/cli/doctor/ports.ts';
import { startedCommand } from '../../support/command.ts';
import { freePort } from '../../support/free-port.ts';
import { runningRelay } from '../../support/running-relay.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';
import { patient, said } from './support/patient.ts';

/** Five ports that nobody has. */
async function freePorts() {
  return {
    LATCHKEY_HTTP_PORT: `${await freePort()}`,
    LATCHKEY_OPERATIONS_PORT: `${await freePort()}`,
    LATCHKEY_ADMIN_PORT: `${await freePort()}`,
    LATCHKEY_RELAY_HOST: '127.0.0.1',
    LATCHKEY_RELAY_PORT: `${await freePort()}`,
    LATCHKEY_RELAY_TCP_PORT: `${await freePort()}`,
  };
}

describe('the check of ports', () => {
  it('says in one line that all are free', async () => {
    const found = await said(portsCheck, patient({ environment: await freePorts() }));
    expect(found).toEqual([
      expect.stringMatching(/^ok: all 5 ports are free: tcp \d+, tcp \d+, tcp \d+, udp \d+, tcp \d+$/),
    ]);
  });

  it('names the process that has a TCP port and is no relay', async () => {
    const environment = await freePorts();
    const server = createServer().listen(Number(environment.LATCHKEY_HTTP_PORT), '127.0.0.1');
    await once(server, 'listening');
    onTestFinished(() => void server.close());
    const found = await said(portsCheck, patient({ environment }));
    expect(found[0]).toMatch(
      new RegExp(
        `^problem: TCP port ${environment.LATCHKEY_HTTP_PORT} \\(http.port\\) is held by process ${process.pid} `,
      ),
    );
    expect(found[0]).toContain('→ stop it, or set http.port to another port');
  });

  it('names the process that has a UDP port', async () => {
    const environment = await freePorts();
    const socket = createSocket('udp4').bind(Number(environment.LATCHKEY_RELAY_PORT), '127.0.0.1');
    await once(socket, 'listening');
    onTestFinished(() => void socket.close());
    const found = await said(portsCheck, patient({ environment }));
    expect(found[3]).toMatch(/^problem: UDP port \d+ \(relay.port\) is held by process \d+ .*no relay/);
  });

  it('knows a relay that runs, by its /healthz', async () => {
    await using relay = await runningRelay({ environment: { LATCHKEY_RELAY_WORKERS: '1' } });
    const { httpPort, operationsPort, adminUrl, mediaPort, mediaTcpPort } = relay.server;
    const one = patient({
      environment: {
        LATCHKEY_HTTP_PORT: `${httpPort}`,
        LATCHKEY_OPERATIONS_PORT: `${operationsPort}`,
        LATCHKEY_ADMIN_PORT: new URL(adminUrl).port,
        LATCHKEY_RELAY_HOST: '127.0.0.1',
        LATCHKEY_RELAY_PORT: `${mediaPort}`,
        LATCHKEY_RELAY_TCP_PORT: `${mediaTcpPort}`,
      },
    });
    const found = await said(portsCheck, one);
    expect(found).toHaveLength(5);
    for (const each of found) expect(each).toMatch(/^ok: .* a relay, which answers at \/healthz$/);
    expect(one.relayProcess).toBe(process.pid);
  });

  it('a port of a stranger’s is a problem beside a relay that runs, as well', async () => {
    const { LATCHKEY_HTTP_PORT, LATCHKEY_OPERATIONS_PORT, LATCHKEY_RELAY_PORT, ...others } = await freePorts();
    const running = {
      ...others,
      LATCHKEY_HTTP_PORT,
      LATCHKEY_OPERATIONS_PORT,
      LATCHKEY_RELAY_PORT: '0',
      LATCHKEY_DEMO: 'false',
      LATCHKEY_DATA_DIRECTORY: temporaryFolder(),
    };
    const relay = await startedCommand(['serve', '--config', 'config/demo.json'], /Latchkey serves/, running);
    onTestFinished(() => void relay.stop());
    const socket = createSocket('udp4').bind(Number(LATCHKEY_RELAY_PORT), '127.0.0.1');
    await once(socket, 'listening');
    onTestFinished(() => void socket.close());
    const found = await said(portsCheck, patient({ environment: { ...running, LATCHKEY_RELAY_PORT } }));
    expect(found.map((each) => each.split(':')[0])).toEqual(['ok', 'ok', 'ok', 'problem', 'ok']);
    expect(found[3]).toContain(`held by process ${process.pid} `);
  });

  it('an address that is not this machine’s is a problem', async () => {
    const environment = { ...(await freePorts()), LATCHKEY_HTTP_HOST: '203.0.113.9' };
    expect((await said(portsCheck, patient({ environment })))[0]).toMatch(
      /^problem: 203\.0\.113\.9 is no address of this machine → set http.host/,
    );
  });
});
