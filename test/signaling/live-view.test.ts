import { expect, it } from 'vitest';
import { LiveView } from '../../src/signaling/live-view.ts';
import { coreOf } from '../../src/signaling/parts.ts';
import type { CallOutcome } from '../../src/signaling/rpc-peer.ts';
import { readDescription } from '../../src/signaling/sdp/index.ts';
import type { Registration, View, ViewerEnd } from '../../src/signaling/view.ts';
import { forgeriesOf } from '../support/forgeries.ts';
import { cameraProof, pairProof, viewerProof } from '../support/proofs.ts';
import { cameraAnswer, signalingWorld, viewerOffer } from '../support/signaling-world.ts';

function scene(
  call: (settled: (outcome: CallOutcome) => void) => void,
  told: Partial<Registration> = {},
  offer?: string,
) {
  const { clock, parts, faults, settle } = signalingWorld();
  const core = coreOf(parts);
  const registration: Registration = {
    camera: cameraProof('cam1', clock.now()),
    name: undefined,
    answers: false,
    capabilities: [],
    views: new Map<string, View>(),
    get watched() {
      return this.views.size;
    },
    call: (_method, _params, _msMax, settled) => call(settled),
    tell: () => {},
    replaced: () => {},
    ...told,
  };
  const heard: string[] = [];
  const end: ViewerEnd = {
    viewer: viewerProof('alice', clock.now()),
    opened: () => heard.push('opened'),
    refused: (_view, error) => heard.push(`refused ${error.code}`),
    invite: () => heard.push('invite'),
    ended: (_view, reason) => heard.push(`ended ${reason}`),
  };
  const pair = pairProof('alice', 'cam1', clock.now());
  const view = new LiveView(core, {
    kind: 'onvif',
    pair,
    registration,
    end,
    offer: offer === undefined ? undefined : readDescription(offer, 'offer'),
    profile: undefined,
  });
  return { view, registration, heard, clock, faults, settle };
}

it('a view that ended is forgotten by its camera and by the clock', () => {
  const { view, registration, heard, clock } = scene((settled) => settled({ kind: 'result', result: {} }));
  expect([...registration.views.values()]).toEqual([view]);
  view.session.end('revoked');
  expect(registration.views.size).toBe(0);
  expect(heard).toEqual(['opened', 'ended revoked']);
  expect(clock.pending).toBe(0);
});

it('an end that throws is a fault of the relay, and not its end', () => {
  const broken = new TypeError('a broken connection');
  const { view, registration, faults } = scene((settled) => settled({ kind: 'result', result: {} }), {
    tell() {
      throw broken;
    },
  });
  view.session.end('revoked');
  expect(faults).toEqual([broken]);
  expect(registration.views.size).toBe(0);
});

it.each([
  ['gone', 'device-offline'],
  ['busy', 'device-busy'],
  ['timeout', 'device-timeout'],
] as const)('a camera that is %s at once is told as %s, once', (kind, code) => {
  const { registration, heard } = scene((settled) => settled({ kind }));
  expect(heard).toEqual([`refused ${code}`]);
  expect(registration.views.size).toBe(0);
});

/** An open view of cam1, and somewhere that it could move to. */
async function openView() {
  const invite: Partial<Registration> = { answers: true };
  const at = scene((settled) => settled({ kind: 'result', result: { answer: cameraAnswer } }), invite, viewerOffer);
  await at.settle();
  expect(at.heard).toEqual(['opened']);
  const registrationOf = (camera: Registration['camera']): Registration => ({
    ...at.registration,
    camera,
    views: new Map<string, View>(),
  });
  return { ...at, registrationOf };
}

it('an open view moves to another registration of its device', async () => {
  const { view, registration, registrationOf, clock, heard } = await openView();
  const newer = registrationOf(cameraProof('cam1', clock.now()));
  expect(view.move(newer)).toBe(true);
  expect([registration.views.size, [...newer.views.values()], view.registration]).toEqual([0, [view], newer]);
  view.session.end('revoked');
  expect([newer.views.size, heard]).toEqual([0, ['opened', 'ended revoked']]);
});

it('a view never moves to another device', async () => {
  const { view, registration, registrationOf, clock } = await openView();
  expect(() => view.move(registrationOf(cameraProof('cam2', clock.now())))).toThrow(TypeError);
  expect([view.registration, view.live]).toEqual([registration, true]);
});

it('a view that is moved to what is no proof ends, and is a fault of the relay', async () => {
  const { view, registrationOf, clock, heard, faults } = await openView();
  const forgery = forgeriesOf(cameraProof('cam1', clock.now())).find(({ name }) => name.startsWith('a literal'));
  if (forgery !== undefined) view.move(registrationOf(forgery.forged));
  expect(heard).toEqual(['opened', 'ended setup-failed']);
  expect(faults).toEqual([expect.any(TypeError)]);
});

it('a view that is not open yet does not move', () => {
  const { view, registration, clock } = scene(() => {});
  const newer: Registration = { ...registration, camera: cameraProof('cam1', clock.now()), views: new Map() };
  expect(view.move(newer)).toBe(false);
  expect(view.registration).toBe(registration);
});
