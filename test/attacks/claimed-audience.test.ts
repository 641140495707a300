// Anyone who can reach the port: a flood of forged tokens that say they are viewers', to stand in the viewers' lane. A claim chooses a
// place and nothing else: it is verified there, it fails, and its address has few such failures.
import { expect, it } from 'vitest';
import { MemorySocket } from '../support/memory-transport.ts';
import { signalingWorld, worldAdmission } from '../support/signaling-world.ts';

it('a flood that claims to be viewers takes a bounded number of turns, and a viewer has its own', async () => {
  const admission = {
    ...worldAdmission,
    verificationsMax: 1,
    attempts: { perMinute: 60, burst: 30 },
    failures: { perMinute: 6, burst: 10 },
  };
  const settings = { realm: 'latchkey', unregisteredMax: 3, admission };
  const world = signalingWorld(1, { settings, claimedKind: () => 'viewer' });
  const gates: (() => void)[] = [];
  world.setGate((go) => gates.push(go));
  const upgrade = (token: string, remoteAddress: string) =>
    world.upgrade({ remoteAddress, headers: { authorization: `Bearer ${token}` } });

  const flood = Array.from({ length: 10_000 }, (_, n) => upgrade(`forged/${n}`, '192.0.2.66'));
  await world.settle();
  expect(world.signaling.admission).toMatchObject({ inFlight: 1, waiting: { viewer: 29, camera: 0 } });

  let viewer: unknown;
  void upgrade('viewer/alice', '192.0.2.7').then((opened) => {
    viewer = opened;
  });
  let verified = 0;
  for (; viewer === undefined; verified++) {
    gates.shift()?.();
    await world.settle();
  }
  expect(viewer).toBeInstanceOf(MemorySocket);
  expect(verified).toBe(admission.attempts.burst + 1);

  const statuses = (await Promise.all(flood)).map((answer) => (answer instanceof MemorySocket ? 101 : answer.status));
  expect(statuses.filter((status) => status === 401)).toHaveLength(admission.attempts.burst);
  expect(statuses.filter((status) => status === 429)).toHaveLength(10_000 - admission.attempts.burst);
});

it('a camera’s token that is verified among viewers is still a camera’s', async () => {
  const world = signalingWorld(1, { claimedKind: () => 'viewer' });
  world.own('cam1', 'cam2');
  await world.camera('cam2');
  const socket = await world.socket('camera/cam1');
  const id = socket.ask('connect', { peer: 'cam2' });
  await world.settle();
  expect(socket.reply(id)?.error?.data?.reason).toBe('token-audience');
});
