/**
 * Who can mount it: a page that an operator of a relay has open in the same browser, whose name its owner points at 127.0.0.1 (DNS
 * rebinding). It may then read what answers there as its own. The admin port goes by its own names alone, and nothing is known by a cookie.
 */
import { request } from 'node:http';
import { describe, expect, it } from 'vitest';
import { adminWorld, operatorToken } from '../support/admin-world.ts';

/** What the port says to whoever came by that name. */
function askedBy(host: string, port: number, path: string): Promise<{ status: number | undefined; body: string }> {
  return new Promise((resolve, reject) => {
    const headers = { host, authorization: `Bearer ${operatorToken}` };
    const asked = request({ host: '127.0.0.1', port, path, headers, agent: false }, (answer) => {
      let body = '';
      answer.on('data', (data) => {
        body += data;
      });
      answer.on('end', () => resolve({ status: answer.statusCode, body }));
    });
    asked.on('error', reject).end();
  });
}

describe('a page whose name was pointed at this machine', () => {
  it.each(['/', '/page/app.js', '/v1/status', '/v1/openapi.json', '/nothing'])('is not served %s', async (path) => {
    await using world = await adminWorld();
    const { port } = world.admin;
    const { status, body } = await askedBy(`evil.example:${port}`, port, path);
    expect([status, JSON.parse(body).code]).toEqual([421, 'host-unknown']);
    expect((await askedBy(`127.0.0.1:${port}`, port, path)).status).not.toBe(421);
  });

  it('is not served by a name that the settings give to the node, where it only ends or begins like it', async () => {
    await using world = await adminWorld({}, { names: ['node.example'] });
    const { port } = world.admin;
    const statuses = ['node.example', 'node.example.evil.example', 'evil-node.example'].map((host) =>
      askedBy(host, port, '/v1/status'),
    );
    expect((await Promise.all(statuses)).map(({ status }) => status)).toEqual([200, 421, 421]);
  });
});
