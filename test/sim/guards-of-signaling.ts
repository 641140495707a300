import type { Guard } from './guard.ts';

const liveView = 'src/signaling/live-view.ts';
const viewerRole = 'src/signaling/onvif/viewer-role.ts';
const cameraRole = 'src/signaling/onvif/camera-role.ts';
const endpoint = 'src/signaling/onvif/endpoint.ts';
const rpcPeer = 'src/signaling/rpc-peer.ts';
const registrations = 'src/signaling/registrations.ts';
const crossing = 'src/signaling/crossing.ts';
const whep = 'src/signaling/http/whep.ts';
const away = 'src/signaling/away.ts';

/** Guards of signaling: who may ask, what may cross, and what ends when. */
export const guardsOfSignaling: readonly Guard[] = [
  {
    name: 'nothing is shown before it is on record who sees it',
    removed: [
      {
        file: liveView,
        text: 'if (begun === undefined) this.#guard(step);\n    else this.#after(begun, step);',
        by: 'void begun;\n    this.#guard(step);',
      },
    ],
    seed: 33,
    sees: /not on record/,
  },
  {
    name: 'what is to cross belongs to a session that names both ends, where the table of registrations gives the wrong camera',
    broken: [
      {
        file: registrations,
        text: 'const registration = this.#live.get(device);',
        by: 'const registration = [...this.#live.values()].at(-1) ?? this.#live.get(device);',
      },
    ],
    removed: [
      {
        file: crossing,
        text: "if (pair.subject !== viewer.subject) throw new TypeError('A crossing to another subject.');",
        by: '',
      },
      {
        file: crossing,
        text: "if (pair.device !== camera.device) throw new TypeError('A crossing from another device.');",
        by: '',
      },
      {
        file: crossing,
        text: 'if (sessions.ofViewer(session.id, pair) !== session || sessions.ofCamera(session.id, camera) !== session)',
        by: 'if (false)',
      },
    ],
    seed: 2,
    sees: /gets what cam:\w+ wrote/,
  },
  {
    name: 'a connection belongs to the first subject that it proved',
    removed: [
      {
        file: endpoint,
        text: "if (this.#holder !== undefined && !isSameHolder(this.#holder, fresh)) throw new LatchkeyError('token-conflict');",
        by: '',
      },
    ],
    seed: 1517,
    sees: /may not see/,
  },
  {
    name: 'a connection ends with its token',
    removed: [{ file: endpoint, text: 'return this.#holder?.evidence.expiresAtMs ?? never;', by: 'return never;' }],
    seed: 15,
    sees: /token is over/,
  },
  {
    name: 'a connection says in time who it is',
    removed: [
      { file: endpoint, text: "this.#peer.end(new LatchkeyError('register-timeout'));", by: 'this.#lookNext();' },
    ],
    seed: 21,
    sees: /who it is/,
  },
  {
    name: 'a newer registration takes over from an older one',
    removed: [
      {
        file: registrations,
        text: 'if (older !== undefined && older !== registration) older.replaced(registration);',
        by: '',
      },
    ],
    seed: 3,
    sees: /two connections stand for/,
  },
  {
    name: 'a camera that is gone is registered no more',
    removed: [{ file: cameraRole, text: 'this.#core.registrations.remove(this);', by: '' }],
    seed: 1,
    sees: /registrations/,
  },
  {
    name: 'live views end with their camera’s registration',
    removed: [
      {
        file: cameraRole,
        text: 'for (const view of [...(this.#views?.values() ?? [])]) view.session.end(tellViewers);',
        by: '',
      },
    ],
    seed: 14,
    sees: /after its end/,
  },
  {
    name: 'live views end with their viewer’s connection',
    removed: [{ file: endpoint, text: "else this.#role?.end('viewer-left');", by: '' }],
    seed: 8,
    sees: /after its end/,
  },
  {
    name: 'a wire ends with its session',
    removed: [{ file: liveView, text: '    this.#wire?.end();\n', by: '' }],
    seed: 2,
    sees: /after its end/,
  },
  {
    name: 'a wire that comes when its session is over ends',
    removed: [{ file: liveView, text: 'if (!this.live) return wire.end();', by: 'if (!this.live) return;' }],
    seed: 58,
    sees: /more wires than sessions/,
  },
  {
    name: 'a call is answered once',
    removed: [{ file: rpcPeer, text: 'this.#calls?.delete(id);\n    call.timer.cancel();', by: '' }],
    seed: 2,
    sees: /A session has one wire/,
  },
  {
    name: 'a call that nobody answers has an end',
    removed: [{ file: rpcPeer, text: "this.#settle(id, { kind: 'timeout' })", by: 'undefined' }],
    seed: 41,
    sees: /no answer to/,
  },
  {
    name: 'more time is asked for as the live view was',
    removed: [
      { file: viewerRole, text: 'view.extend(await this.#pairAgain(view, viewer, span));', by: 'void viewer;' },
    ],
    seed: 1,
    sees: /is granted to/,
  },
  {
    name: 'an ICE restart is asked for as the live view was',
    removed: [
      {
        file: viewerRole,
        text: 'await this.#pairAgain(this.#view(session), this.viewer)',
        by: 'this.#view(session).session.pair',
      },
    ],
    seed: 29,
    sees: /is granted to/,
  },
  {
    name: 'whoever may not see a camera any more and asks for more time loses the view',
    removed: [
      {
        file: viewerRole,
        text: "if (thrown instanceof LatchkeyError && thrown.code === 'not-allowed') view.session.end('revoked');",
        by: '',
      },
    ],
    seed: 1,
    sees: /after its end/,
  },
  {
    name: 'an ICE restart has the same certificate',
    removed: [
      { file: liveView, text: 'if (offer.fingerprints.join() !== viewer.fingerprints.join())', by: 'if (false)' },
    ],
    seed: 751,
    sees: /certificate changes/,
  },
  {
    name: 'each request of WHEP is authorized',
    removed: [{ file: whep, text: 'this.#core.sessions.ofViewer(id, pair);', by: 'void pair;' }],
    seed: 63,
    sees: /somebody else’s session/,
  },
  {
    name: 'live views wait for their camera, and not for ever',
    removed: [{ file: away, text: 'for (const view of [...this.views.values()]) view.session.end(end);', by: '' }],
    seed: 85,
    sees: /has not come back/,
  },
  {
    name: 'of its live views a camera that says so goes on with none but those that it has',
    removed: [
      { file: cameraRole, text: "if (!sessions.includes(id)) view.session.end('camera-restarted');", by: 'void view;' },
    ],
    seed: 11,
    sees: /does not have it/,
  },
  {
    name: 'a camera whose connection is lost is registered no more',
    removed: [{ file: cameraRole, text: 'this.#core.registrations.lose(this);', by: '' }],
    seed: 1,
    sees: /registrations/,
  },
];
