import { expect, it } from 'vitest';
import { LiveView } from '../../src/signaling/live-view.ts';
import { coreOf } from '../../src/signaling/parts.ts';
import type { CallOutcome } from '../../src/signaling/rpc-peer.ts';
import type { Registration, View, ViewerEnd } from '../../src/signaling/view.ts';
import { cameraProof, pairProof, viewerProof } from '../support/proofs.ts';
import { signalingWorld } from '../support/signaling-world.ts';

function scene(call: (settled: (outcome: CallOutcome) => void) => void, told: Partial<Registration> = {}) {
  const { clock, parts, faults } = signalingWorld();
  const core = coreOf(parts);
  const registration: Registration = {
    camera: cameraProof('cam1', clock.now()),
    name: undefined,
    answers: false,
    capabilities: [],
    views: new Map<string, View>(),
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
  const view = new LiveView(core, { kind: 'onvif', pair, registration, end, offer: undefined, profile: undefined });
  return { view, registration, heard, clock, faults };
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
