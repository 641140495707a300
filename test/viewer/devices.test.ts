import { afterAll, beforeAll, expect, test } from 'vitest';
import { listDevices } from '../../src/viewer/index.ts';
import { ManualClock } from '../support/manual-clock.ts';
import { startTinyRelay, type TinyRelay } from '../support/tiny-relay.ts';

let relay: TinyRelay;
beforeAll(async () => {
  relay = await startTinyRelay();
});
afterAll(() => relay.close());

test('the cameras of a subject are listed, as the protocol has them', async () => {
  const devices = await listDevices({ relay: relay.url, token: 'viewer:alice' }, new ManualClock());
  expect(devices).toEqual([{ id: 'garden', role: 'owner', state: 'online' }]);
});

test('a refusal has the relay’s code', async () => {
  const asked = listDevices({ relay: relay.url, token: 'viewer:mallory' }, new ManualClock());
  await expect(asked).rejects.toMatchObject({ code: 'token-expired' });
});

test('a relay that is not there, or does not answer, is unreachable', async () => {
  const question = { relay: 'http://127.0.0.1:1', token: 't' };
  await expect(listDevices(question, new ManualClock())).rejects.toMatchObject({ code: 'relay-unreachable' });
});
