import { once } from 'node:events';
import { request } from 'node:https';
import { connect } from 'node:net';
import { describe, expect, it } from 'vitest';
import { limits } from '../../src/base/index.ts';
import { adminWorld, operatorToken } from '../support/admin-world.ts';
import { selfSigned } from '../support/self-signed.ts';

/** What the port answers to these bytes, until it closes. */
async function told(port: number, text: string): Promise<string> {
  const socket = connect(port, '127.0.0.1');
  let answer = '';
  socket.on('data', (data) => {
    answer += data;
  });
  socket.on('error', () => {});
  socket.write(text);
  await once(socket, 'close');
  return answer;
}

const head = (more: string, line = 'GET /v1/status HTTP/1.1') =>
  `${line}\r\nHost: 127.0.0.1\r\nConnection: close\r\nAuthorization: Bearer ${operatorToken}\r\n${more}\r\n`;

/** The status of an answer over TLS whose certificate is trusted. */
function statusOverTls(port: number, ca: string): Promise<number | undefined> {
  return new Promise((resolve, reject) => {
    const headers = { authorization: `Bearer ${operatorToken}` };
    const asked = request(
      { host: 'localhost', port, path: '/v1/status', ca, headers, agent: false, family: 4 },
      (answer) => {
        answer.resume();
        resolve(answer.statusCode);
      },
    );
    asked.on('error', reject).end();
  });
}

describe('the admin port', () => {
  it('is not opened beyond loopback without TLS', async () => {
    for (const host of ['0.0.0.0', '::', '192.0.2.1', 'node.example']) {
      await expect(adminWorld({}, { host })).rejects.toMatchObject({
        code: 'settings-invalid',
        message: expect.stringMatching(/admin\.host.*in clear.*admin\.tls/),
      });
    }
  });

  it('is opened beyond loopback with TLS, and takes a new certificate while it runs', async () => {
    const [first, second] = [selfSigned(), selfSigned()];
    await using world = await adminWorld({}, { host: '0.0.0.0', tls: first });
    const { port, url } = world.admin;
    expect(url).toBe(`https://localhost:${port}`);
    expect(await statusOverTls(port, first.certificate)).toBe(200);
    expect(() => world.admin.prepare({ credentials: [], tls: { ...second, key: 'none' } })).toThrow(/admin\.tls/);
    const { readCredentials } = await import('../../src/admin/index.ts');
    world.admin.prepare({ credentials: readCredentials(`a:${operatorToken}`), tls: second })();
    await expect(statusOverTls(port, first.certificate)).rejects.toThrow();
    expect(await statusOverTls(port, second.certificate)).toBe(200);
  });

  it('says which certificate cannot be used, and which port cannot be had', async () => {
    await expect(adminWorld({}, { tls: { certificate: 'none', key: 'none' } })).rejects.toThrow(/admin\.tls/);
    await using world = await adminWorld();
    await expect(adminWorld({}, { port: world.admin.port })).rejects.toThrow(/admin: 127\.0\.0\.1 port/);
  });

  it('answers what it cannot read with a problem', async () => {
    await using world = await adminWorld();
    const { port } = world.admin;
    expect(await told(port, 'nonsense\r\n\r\n')).toMatch(/^HTTP\/1\.1 400 [\s\S]*"code":"request-malformed"/);
    const long = `X: ${'x'.repeat(limits.requestHeaderBytesMax)}\r\n`;
    expect(await told(port, head(long))).toMatch(/^HTTP\/1\.1 431 [\s\S]*"code":"headers-too-large"/);
    expect(await told(port, head('', 'GET http://127.0.0.1/v1/status HTTP/1.1'))).toMatch(
      / 400 [\s\S]*request-malformed/,
    );
    expect(await told(port, head('', 'OPTIONS * HTTP/1.1'))).toMatch(/ 400 [\s\S]*request-malformed/);
  });

  it('reads no body of somebody without a credential', async () => {
    await using world = await adminWorld();
    const asked = 'POST /v1/revocations HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000000\r\n\r\n{';
    expect(await told(world.admin.port, asked)).toMatch(/ 401 [\s\S]*Connection: close/i);
  });

  it('reads no more than the bound of a body without a length', async () => {
    await using world = await adminWorld();
    const chunk = `${limits.adminBodyBytesMax.toString(16)}\r\n${' '.repeat(limits.adminBodyBytesMax)}\r\n2\r\n{}\r\n0\r\n\r\n`;
    const line = 'POST /v1/revocations HTTP/1.1';
    const more = 'Content-Type: application/json\r\nTransfer-Encoding: chunked\r\n';
    expect(await told(world.admin.port, head(more, line) + chunk)).toMatch(/ 413 [\s\S]*message-too-large/);
    expect(world.levers.thrown).toEqual([]);
  });

  it('waits for no body that says it is too large', async () => {
    await using world = await adminWorld();
    const more = `Content-Type: application/json\r\nContent-Length: ${limits.adminBodyBytesMax + 1}\r\n`;
    expect(await told(world.admin.port, head(more, 'POST /v1/revocations HTTP/1.1'))).toMatch(/ 413 [\s\S]*too-large/);
  });

  it('has places up to its bound, and takes more when some are free again', async () => {
    await using world = await adminWorld();
    const open = async () => {
      const socket = connect(world.admin.port, '127.0.0.1').on('error', () => {});
      await once(socket, 'connect');
      return socket;
    };
    const sockets = await Promise.all(Array.from({ length: limits.adminConnectionsMax }, open));
    const late = await open();
    await once(late, 'close');
    const free = sockets.map((socket) => once(socket.destroy(), 'close'));
    await Promise.all(free);
    await expect.poll(() => told(world.admin.port, head('')), { timeout: 10_000 }).toMatch(/^HTTP\/1\.1 200/);
  });

  it('lets somebody leave in the middle of a body, and changes nothing', async () => {
    await using world = await adminWorld();
    const socket = connect(world.admin.port, '127.0.0.1');
    const more = 'Content-Type: application/json\r\nContent-Length: 100\r\n';
    socket.write(`${head(more, 'POST /v1/revocations HTTP/1.1')}{"of":"all"}`, () => socket.destroy());
    await once(socket, 'close');
    const answer = await fetch(`${world.admin.url}/v1/status`, {
      headers: { authorization: `Bearer ${operatorToken}` },
    });
    expect([answer.status, world.levers.thrown]).toEqual([200, []]);
  });

  it('closes while somebody is connected', async () => {
    const world = await adminWorld();
    const socket = connect(world.admin.port, '127.0.0.1');
    await once(socket, 'connect');
    const closed = once(socket, 'close');
    await world.admin.close();
    await closed;
    expect(world.clock.pending).toBe(0);
  });
});
