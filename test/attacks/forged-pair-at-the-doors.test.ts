// Code of ours that went wrong: a cast, a copy, a value out of a cache or a message, where a proof belongs. The brand holds:
// each door asks the object itself, in production too, and no likeness passes.
import { beforeAll, describe, expect, it } from 'vitest';
import { newSessionId } from '../../src/base/index.ts';
import {
  createGrantSigner,
  createSessions,
  type GrantSigner,
  newGrantKey,
  type VerifiedPair,
} from '../../src/pairing/index.ts';
import { createRelay } from '../../src/relay/index.ts';
import { disguised, forgeriesOf } from '../support/forgeries.ts';
import { ManualClock } from '../support/manual-clock.ts';
import { pairProof } from '../support/proofs.ts';
import { relaySettings } from '../support/relay-settings.ts';
import { seededRandom } from '../support/seeded-random.ts';

const clock = new ManualClock();
const random = seededRandom(1);
const real = pairProof('alice', 'cam1', clock.now());
const forgeries = [
  ...forgeriesOf(real),
  {
    name: 'the names alone',
    forged: disguised<VerifiedPair>({ subject: 'alice', device: 'cam1', role: 'owner', expiresAtMs: 9e15 }),
  },
  { name: 'a pair of another copy of this program', forged: disguised<VerifiedPair>(foreignPair()) },
];
const ice = { ufrag: 'abcd', password: 'abcdefghijklmnopqrstuv' };
const events = { ended: () => {} };
let grants: GrantSigner;

beforeAll(async () => {
  grants = await createGrantSigner(await newGrantKey(), 'relay', clock);
});

/** A class that is written exactly like the real one is another class. */
function foreignPair(): object {
  class VerifiedPair {
    readonly #minted = true;
    readonly subject = 'alice';
    readonly device = 'cam1';
    readonly role = 'owner';
    readonly expiresAtMs = 9e15;
    get minted(): boolean {
      return this.#minted;
    }
  }
  return new VerifiedPair();
}

function relayInMemory() {
  const address = { host: '127.0.0.1', port: 3478 };
  const port = { address, receiveBufferBytes: 0, sendBufferBytes: 0, send() {}, async close() {} };
  return createRelay(relaySettings(), {
    clock,
    random,
    openPort: async () => port,
    machineAddresses: () => ['127.0.0.1'],
  });
}

describe.each(forgeries)('$name', ({ forged: pair }) => {
  it('opens no session', () => {
    const sessions = createSessions({ lifetimeMsMax: 1_000, perDeviceMax: 8, perSubjectMax: 8 }, clock, random);
    expect(() => sessions.open(pair)).toThrow(TypeError);
    const session = sessions.open(real);
    expect(() => sessions.ofViewer(session.id, pair)).toThrow(TypeError);
    expect(() => session.extend(pair)).toThrow('another pair');
    expect(session.pair).toBe(real);
  });

  it('opens no wire, and extends none', async () => {
    const relay = await relayInMemory();
    expect(() => relay.reserve(pair, newSessionId(random))).toThrow(TypeError);
    const place = relay.reserve(real, newSessionId(random));
    const wire = await place.open(ice, { ...ice, ufrag: 'efgh' }, events);
    expect(() => wire.extend(pair)).toThrow(TypeError);
    await relay.close();
  });

  it('gets no grant', async () => {
    const session = { id: newSessionId(random), expiresAtMs: 9e15 };
    await expect(grants.sign(pair, session, ['sha-256 AA'])).rejects.toThrow(TypeError);
  });
});
