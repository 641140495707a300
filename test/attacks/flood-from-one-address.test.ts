// Anyone who can reach the port, from one address or from one network of IPv6, as fast as it can. The bucket of the address holds:
// what is over it is refused before anything is verified, and whoever comes from elsewhere never notices.
import { expect, it } from 'vitest';
import type { HttpResponse } from '../../src/signaling/index.ts';
import { MemorySocket } from '../support/memory-transport.ts';
import { signalingWorld, worldAdmission } from '../support/signaling-world.ts';

const attempts = { perMinute: 60, burst: 20 };
const failures = { perMinute: 6, burst: 5 };

function world(bounds: Partial<typeof worldAdmission>) {
  const admission = { ...worldAdmission, ...bounds };
  const scene = signalingWorld(1, { settings: { realm: 'latchkey', unregisteredMax: 1_000, admission } });
  const upgrade = (token: string | undefined, remoteAddress: string) =>
    scene.upgrade({ remoteAddress, headers: token === undefined ? {} : { authorization: `Bearer ${token}` } });
  return { ...scene, upgrade };
}

function statusOf(answer: MemorySocket | HttpResponse): number {
  return answer instanceof MemorySocket ? 101 : answer.status;
}

it.each([
  ['IPv4', (_: number) => '192.0.2.1', '192.0.2.2'],
  ['one network of IPv6', (n: number) => `2001:db8:0:1::${n.toString(16)}`, '2001:db8:0:2::1'],
])('a flood over %s costs no more verifications than its address may have', async (_, address, elsewhere) => {
  const { upgrade, told, clock } = world({ attempts });
  const statuses: number[] = [];
  for (let n = 0; n < 1_000; n++) statuses.push(statusOf(await upgrade('camera/cam1', address(n))));
  expect(statuses.filter((status) => status === 101)).toHaveLength(attempts.burst);
  expect(statuses.filter((status) => status === 429)).toHaveLength(1_000 - attempts.burst);
  expect(statusOf(await upgrade('viewer/alice', elsewhere))).toBe(101);
  expect(told).toContain('refused rate-exceeded http');

  const refused = await upgrade('camera/cam1', address(1));
  if (refused instanceof MemorySocket) throw new Error('it was let in');
  const seconds = Number(refused.headers?.['Retry-After']);
  expect(seconds).toBeGreaterThanOrEqual(1);
  clock.advance(seconds * 1_000);
  expect(statusOf(await upgrade('camera/cam1', address(1)))).toBe(101);
});

it('tokens that do not verify are few for each address, and then even good ones wait', async () => {
  const { upgrade, http, clock } = world({ failures });
  for (let n = 0; n < failures.burst; n++) expect(statusOf(await upgrade(`forged/${n}`, '192.0.2.9'))).toBe(401);
  expect(statusOf(await upgrade('forged/again', '192.0.2.9'))).toBe(429);
  expect((await http({ path: '/devices', token: 'viewer/alice' })).status).toBe(429);
  expect(statusOf(await upgrade('viewer/alice', '192.0.2.8'))).toBe(101);
  clock.advance(10_000);
  expect((await http({ path: '/devices', token: 'viewer/alice' })).status).toBe(200);
});

it('guesses by message count as well, whatever connection they come over', async () => {
  const { upgrade, settle } = world({ failures });
  const reasons: (string | undefined)[] = [];
  for (let n = 0; n < failures.burst + 2; n++) {
    // The connection itself comes from the address of the memory's own sockets.
    const socket = await upgrade(undefined, '192.0.2.77');
    if (!(socket instanceof MemorySocket)) throw new Error('it was refused');
    const id = socket.ask('register', { authorization: `forged/${n}` });
    await settle();
    reasons.push(socket.reply(id)?.error?.data?.reason);
    expect(socket.closed).toBeDefined();
  }
  expect(reasons.slice(0, failures.burst)).toEqual(Array(failures.burst).fill('token-signature'));
  expect(reasons.slice(failures.burst)).toEqual(['rate-exceeded', 'rate-exceeded']);
});

it('a proxy on this machine has no bucket: everyone comes through it', async () => {
  const { upgrade } = world({ attempts, failures });
  for (let n = 0; n < 100; n++) expect(statusOf(await upgrade('camera/cam1', '127.0.0.1'))).toBe(101);
});
