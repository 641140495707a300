import { EventEmitter, once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { afterEach } from 'vitest';
import { systemRandom } from '../../src/base/index.ts';
import { type Camera, type CameraObserver, type CameraSettings, startCamera } from '../../src/camera/index.ts';
import { createGuardedPeer, newCertificate } from '../../src/peer/index.ts';
import { ManualClock } from '../support/manual-clock.ts';
import { startTinyRelay, type TinyRelay, type TinyRelayPlan } from '../support/tiny-relay.ts';

export const clip = fileURLToPath(new URL('../../config/demo/maple-garden', import.meta.url));
/** What the tests of a file have opened; closed after each, the last one first. */
export const closers: (() => void | Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

export async function relayWith(plan: TinyRelayPlan = {}): Promise<TinyRelay> {
  const relay = await startTinyRelay(plan);
  closers.push(() => relay.close());
  return relay;
}

type Told = { [Name in keyof CameraObserver]-?: Parameters<NonNullable<CameraObserver[Name]>> };

/** A camera called `garden` by its settings, on a clock of its own; `next` waits for what it tells. */
export function cameraAt(relay: string, settings: Partial<CameraSettings> = {}) {
  const clock = new ManualClock();
  const events = new EventEmitter<Told>();
  const told: string[] = [];
  const observer = new Proxy<CameraObserver>(
    {},
    {
      get:
        (_, name: keyof CameraObserver) =>
        (...details: unknown[]) => {
          told.push(name);
          (events as EventEmitter).emit(name, ...details);
        },
    },
  );
  const all = {
    relay,
    token: () => Promise.resolve('camera:garden'),
    device: 'garden',
    source: { kind: 'clip', path: clip },
    ...settings,
  } as const;
  const camera: Camera = startCamera(all, { clock, random: systemRandom }, observer);
  closers.push(() => camera.close());
  const next = <Name extends keyof Told>(name: Name) => once(events, name) as Promise<Told[Name]>;
  return { camera, clock, told, next };
}

/** Registers a camera and offers to watch it, as the relay would for a viewer. */
export async function offered(
  plan: TinyRelayPlan = {},
  settings: Partial<CameraSettings> = {},
  prepare: (relay: TinyRelay) => void = () => {},
) {
  const relay = await relayWith(plan);
  prepare(relay);
  const started = cameraAt(relay.url, settings);
  await relay.registered();
  const viewer = createGuardedPeer(
    { certificate: await newCertificate(), direction: 'recvonly', video: ['H264'], audio: true },
    systemRandom,
  );
  closers.push(() => viewer.close());
  return { relay, ...started, offer: await viewer.offer() };
}

export const invite = (relay: TinyRelay, session: string, offer: string) => relay.inviteCamera(session, 'alice', offer);
