import type { Guard, Removal } from './guard.ts';

const endpoint = 'src/signaling/onvif/endpoint.ts';
const liveSession = 'src/pairing/live-session.ts';
const sessions = 'src/pairing/sessions.ts';
const registrations = 'src/signaling/registrations.ts';
const cameraRole = 'src/signaling/onvif/camera-role.ts';
const levers = 'src/levers/levers.ts';

/** Identity here stands for the real one, whose own check is tested where it is. */
const verification: Removal = {
  file: 'test/sim/sim-identity.ts',
  text: "if (shared.revocations.isVoid(subjectId(name), evidence)) throw new LatchkeyError('token-revoked');",
  by: '',
};
const atTheMint: Removal = { file: 'src/pairing/pairing.ts', text: 'demandUnopposed(rules, pair);', by: '' };
const atTheTable: Removal = { file: sessions, text: 'demandUnopposed(rules, pair);', by: '' };
const inForce: Removal = { file: liveSession, text: 'else this.endIfOpposed();', by: '' };
const reviewed: Removal = {
  file: sessions,
  text: 'inSlices(clock, live.values(), (session) => session.endIfOpposed())',
  by: 'Promise.resolve(0)',
};
const bearer: Removal = {
  file: 'src/signaling/bearer.ts',
  text: 'demandUnrefused(core, viewer);',
  by: '',
};
const listed: Removal = { file: 'src/signaling/http/devices.ts', text: 'demandUnrefused(core, viewer);', by: '' };
const beforeUpgrade: Removal = {
  file: 'src/signaling/signaling.ts',
  text: 'if (holder !== undefined) demandUnrefused(core, holder);',
  by: '',
};
const adopted: Removal = { file: endpoint, text: 'demandUnrefused(this.#core, fresh);', by: '' };
const registered: Removal = { file: cameraRole, text: 'demandUnrefused(this.#core, this.camera);', by: '' };
const endpointReviewed: Removal = {
  file: endpoint,
  text: 'this.#holder === undefined ? undefined : this.#core.levers.refuses(this.#holder)',
  by: 'undefined',
};

/** Guards of what an operator throws. Each is asked in several places: at the mint, at the table, and of what lives. */
export const guardsOfLevers: readonly Guard[] = [
  {
    name: 'what is thrown ends the live views that are open',
    removed: [reviewed, inForce, endpointReviewed],
    seed: 4,
    sees: /after its end|no live pair names/,
  },
  {
    name: 'no live view opens by a token that was taken back, for a device in quarantine, or where it is off',
    removed: [verification, bearer, beforeUpgrade, adopted, endpointReviewed, atTheMint, atTheTable, inForce, reviewed],
    seed: 54,
    sees: /may not see/,
  },
  {
    name: 'a camera that may not be registered is not, and does not stay',
    removed: [verification, beforeUpgrade, adopted, registered, endpointReviewed],
    seed: 16,
    sees: /may not be registered/,
  },
  {
    name: 'live views end that wait for a camera which may not come back',
    removed: [
      {
        file: registrations,
        text: 'const refusal = this.#levers.refuses(away.camera);',
        by: 'const refusal = undefined;',
      },
    ],
    seed: 1675,
    sees: /after its end/,
  },
  {
    name: 'a list of devices is for a token that has not been taken back meanwhile',
    removed: [verification, bearer, listed],
    seed: 81,
    sees: /by a token that was taken back/,
  },
  {
    name: 'a switch of WHEP is for the live views that are being set up too',
    removed: [
      {
        file: 'src/signaling/http/whep.ts',
        text: 'inSlices(clock, this.#views, ({ session }) => {',
        by: 'inSlices(clock, [...this.#sessions.values()].map(({ view }) => view), ({ session }) => {',
      },
    ],
    seed: 10_433,
    sees: /a WHEP answer is granted/,
  },
  {
    name: 'a ticket opens nothing where tickets are off',
    removed: [
      { file: 'src/signaling/bearer.ts', text: "core.levers.isOn('tickets', holder.device)", by: 'true' },
      { file: 'src/signaling/onvif/camera-role.ts', text: 'this.camera.evidence.ticket &&', by: 'false &&' },
    ],
    seed: 2515,
    sees: /which is off/,
  },
  {
    name: 'a ticket that was let in registers nobody once tickets are off',
    removed: [{ file: 'src/signaling/onvif/camera-role.ts', text: 'this.camera.evidence.ticket &&', by: 'false &&' }],
    seed: 2515,
    sees: /which is off/,
  },
  {
    name: 'a quarantine outlives its relay',
    removed: [
      {
        file: levers,
        text: 'this.#quarantined = new Map(quarantined);',
        by: 'this.#quarantined = new Map(quarantined.entries().take(0));',
      },
    ],
    seed: 234,
    sees: /may not/,
  },
  {
    name: 'a ticket ends with a revocation, and its camera is refused again when it comes and registers',
    removed: [
      {
        file: 'src/identity/tickets.ts',
        text: "if (body.epochMs !== epochMs || revocations.isVoid(device, token)) return 'revoked';",
        by: '',
      },
      beforeUpgrade,
      adopted,
      registered,
      endpointReviewed,
    ],
    seed: 9,
    sees: /taken back|may not be registered/,
  },
];
