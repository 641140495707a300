import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { MemorySocket, Message } from '../support/memory-transport.ts';
import { cameraAnswer, cameraOffer, signalingWorld, viewerAnswer, viewerOffer } from '../support/signaling-world.ts';

const viewers = ['alice', 'bob', 'carol'] as const;
const devices = ['cam1', 'cam2', 'cam3'] as const;
/** Who owns what: alice and bob share one camera, nobody else owns another's. */
const owned: Readonly<Record<string, readonly string[]>> = {
  alice: ['cam1', 'cam2'],
  bob: ['cam2'],
  carol: ['cam3'],
};

/** What may happen, with how often it does. */
const happenings = {
  connect: 5,
  release: 6,
  'camera-answers': 6,
  'camera-offers': 3,
  'viewer-answers': 3,
  'foreign-session': 2,
  extend: 1,
  'viewer-leaves': 1,
  'camera-leaves': 1,
  'camera-reconnects': 1,
  'viewer-reconnects': 1,
  wait: 1,
} as const;
type Happening = keyof typeof happenings;

const step = fc.record({
  kind: fc.oneof(
    ...Object.entries(happenings).map(([kind, weight]) => ({ weight, arbitrary: fc.constant(kind as Happening) })),
  ),
  /** Twice as often one that owns the other as one that does not. */
  who: fc.constantFrom(
    ...([
      ['alice', 'cam1'],
      ['alice', 'cam2'],
      ['bob', 'cam2'],
      ['carol', 'cam3'],
      ['bob', 'cam1'],
      ['carol', 'cam2'],
    ] as const),
  ),
  pick: fc.nat({ max: 50 }),
  offer: fc.boolean(),
});

/** A description that bears the name of who sent it, so that a test sees where it comes out. */
function marked(sdp: string, name: string): string {
  return sdp.replace('s=-', `s=${name}`);
}

function nameIn(sdp: string | undefined): string | undefined {
  return sdp
    ?.split('\r\n')
    .find((line) => line.startsWith('s='))
    ?.slice(2);
}

describe('live views that cross each other in time', () => {
  it('in no order does anything of a session reach a connection whose pair does not name it', async () => {
    let opened = 0;
    let answered = 0;
    let moved = 0;
    await fc.assert(
      fc.asyncProperty(
        fc.array(step, { minLength: 40, maxLength: 100, size: 'max' }),
        fc.nat(),
        async (steps, seed) => {
          const world = signalingWorld(seed);
          for (const [viewer, of] of Object.entries(owned)) for (const device of of) world.own(viewer, device);
          const waiting: (() => void)[] = [];
          const sockets: { socket: MemorySocket; kind: 'viewer' | 'camera'; name: string; seen: number }[] = [];
          const current = new Map<string, MemorySocket>();
          const viewersOf = new Map<string, MemorySocket>();
          const camerasOf = new Map<string, MemorySocket>();

          const openViewer = async (name: string) => {
            const socket = await world.socket(`viewer/${name}/100000`);
            sockets.push({ socket, kind: 'viewer', name, seen: 0 });
            current.set(name, socket);
          };
          const openCamera = async (name: string) => {
            const socket = await world.camera(name, name === 'cam3' ? [] : ['answer'], 100_000);
            sockets.push({ socket, kind: 'camera', name, seen: 0 });
            current.set(name, socket);
          };
          const of = (name: string): MemorySocket => {
            const socket = current.get(name);
            if (socket === undefined) throw new Error(`${name} is not there`);
            return socket;
          };
          for (const name of viewers) await openViewer(name);
          for (const name of devices) await openCamera(name);
          const known = () =>
            sockets.flatMap(({ socket }) =>
              socket.received.flatMap((sent) => sent.params?.session ?? sent.result?.session ?? []),
            );

          world.setGate((go) => waiting.push(go));
          for (const {
            kind,
            who: [viewer, device],
            pick,
            offer,
          } of steps) {
            const camera = of(device);
            const watcher = of(viewer);
            if (kind === 'connect') {
              watcher.ask('connect', { peer: device, ...(offer ? { offer: marked(viewerOffer, viewer) } : {}) });
            } else if (kind === 'release') waiting.splice(pick % (waiting.length || 1), 1)[0]?.();
            else if (kind === 'camera-answers') {
              const asked = [...camera.requests('invite'), ...camera.requests('connect')];
              const request = asked[pick % (asked.length || 1)];
              if (request?.method === 'invite') camera.answer(request, { answer: marked(cameraAnswer, device) });
              else if (request !== undefined) camera.answer(request, {});
            } else if (kind === 'camera-offers') {
              const told = camera.requests('connect');
              const session = told.at(-1 - (pick % 2))?.params?.session;
              if (session !== undefined) camera.ask('invite', { session, offer: marked(cameraOffer, device) });
            } else if (kind === 'viewer-answers') {
              const asked = watcher.requests('invite');
              const request = asked[pick % (asked.length || 1)];
              if (request !== undefined) watcher.answer(request, { answer: marked(viewerAnswer, viewer) });
            } else if (kind === 'viewer-leaves' || kind === 'camera-leaves') {
              const socket = kind === 'viewer-leaves' ? watcher : camera;
              const own = socket.received.flatMap((sent) => sent.params?.session ?? sent.result?.session ?? []);
              socket.ask('leave', { session: own[pick % (own.length || 1)] ?? 'x' });
            } else if (kind === 'foreign-session') {
              const all = known();
              const session = all[pick % (all.length || 1)] ?? 'x';
              camera.ask('invite', { session, offer: marked(cameraOffer, device) });
              watcher.ask('invite', { session, offer: marked(viewerOffer, viewer) });
              watcher.ask('extend', { session });
              watcher.answer({ id: pick }, { answer: marked(viewerAnswer, viewer) });
              camera.answer({ id: pick }, { answer: marked(cameraAnswer, device) });
            } else if (kind === 'camera-reconnects') {
              if (offer) camera.drop();
              const socket = world.socket(`camera/${device}/100000`);
              for (const go of waiting.splice(0)) go();
              const opened = await socket;
              sockets.push({ socket: opened, kind: 'camera', name: device, seen: 0 });
              current.set(device, opened);
              const had = camera.received.flatMap((sent) => sent.params?.session ?? []);
              opened.ask('register', {
                capabilities: device === 'cam3' ? [] : ['answer'],
                ...(pick % 3 === 0 ? {} : { sessions: had.slice(-(pick % 3)) }),
              });
            } else if (kind === 'viewer-reconnects') {
              watcher.drop();
              const socket = world.socket(`viewer/${viewer}/100000`);
              for (const go of waiting.splice(0)) go();
              const opened = await socket;
              sockets.push({ socket: opened, kind: 'viewer', name: viewer, seen: 0 });
              current.set(viewer, opened);
            } else if (kind === 'extend') {
              const own = watcher.received.flatMap((sent) => sent.result?.session ?? []);
              watcher.ask('extend', { session: own[pick % (own.length || 1)] ?? 'x' });
            } else world.clock.advance(pick * 100);
            await world.settle();
            check();
          }

          function check(): void {
            for (const wire of world.relay.live) expect(owned[wire.pair.subject]).toContain(wire.pair.device);
            for (const entry of sockets) {
              const { socket, kind, name } = entry;
              for (const message of socket.received.slice(entry.seen)) {
                const session = sessionOf(message);
                if (session === undefined) continue;
                const holders = kind === 'viewer' ? viewersOf : camerasOf;
                const holder = holders.get(session) ?? socket;
                // A session follows its camera to a later connection, and never back.
                if (kind === 'camera') {
                  expect(sockets.findIndex((other) => other.socket === holder)).toBeLessThanOrEqual(
                    sockets.indexOf(entry),
                  );
                  expect(sockets.find((other) => other.socket === holder)?.name).toBe(name);
                  if (holder !== socket) moved += 1;
                } else expect(holder).toBe(socket);
                holders.set(session, socket);
                const from = nameIn(message.params?.offer ?? message.params?.answer ?? message.result?.answer);
                if (from === undefined) continue;
                if (kind === 'viewer') expect(owned[name]).toContain(from);
                else expect(owned[from]).toContain(name);
                const grant = message.params?.grant ?? message.result?.grant;
                if (grant !== undefined) expect(JSON.parse(grant)).toMatchObject({ sub: from, device: name });
              }
              entry.seen = socket.received.length;
            }
          }

          world.setGate(undefined);
          for (const go of waiting.splice(0)) go();
          await world.settle();
          for (const { socket } of sockets) socket.drop();
          await world.settle();
          world.clock.advance(120_000);
          expect(world.faults).toEqual([]);
          expect(world.sessions.size).toBe(0);
          expect(world.relay.live).toEqual([]);
          expect(world.signaling.devicesOnline).toBe(0);
          expect(world.signaling.connections).toBe(0);
          expect(world.clock.pending).toBe(0);
          const count = (start: string) => world.told.filter((line) => line.startsWith(start)).length;
          opened += count('opened');
          answered += world.relay.wires.length;
          expect(count('ended')).toBe(count('opened'));
          expect(count('unregistered')).toBe(count('registered'));
        },
      ),
      { numRuns: 60, seed: 20_260 },
    );
    // Schedules in which nothing happens would prove nothing.
    expect(opened).toBeGreaterThan(150);
    expect(answered).toBeGreaterThan(40);
    expect(moved).toBeGreaterThan(4);
  });
});

function sessionOf(message: Message): string | undefined {
  return message.params?.session ?? message.result?.session ?? message.error?.session;
}
