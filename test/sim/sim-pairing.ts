import { LatchkeyError } from '../../src/base/index.ts';
import {
  type GrantSigner,
  isVerifiedPair,
  type Pairing,
  type Session,
  type Sessions,
  type VerifiedPair,
} from '../../src/pairing/index.ts';
import type { Relay, Wire } from '../../src/relay/index.ts';
import { disguised } from '../support/forgeries.ts';
import type { Dice } from './dice.ts';
import type { Faults } from './faults.ts';
import type { ProcessClock } from './timeline.ts';

/** A grant that says in the clear whom it is for. */
export interface OpenGrant {
  readonly subject: string;
  readonly device: string;
  readonly session: string;
  readonly fingerprints: readonly string[];
  readonly expiresAtMs: number;
}

/** Signs as `createGrantSigner` does, but for the signature, whose thread would come back in no fixed order. */
export function simGrants(clock: ProcessClock, dice: Dice): GrantSigner {
  return {
    keys: { keys: [{ kty: 'OKP', kid: 'simulated' }] },
    async sign(pair, session, fingerprints) {
      if (!isVerifiedPair(pair)) throw new TypeError('A grant is signed for a VerifiedPair and for nothing else.');
      const grant: OpenGrant = {
        subject: pair.subject,
        device: pair.device,
        session: session.id,
        fingerprints,
        expiresAtMs: Math.min(pair.expiresAtMs, session.expiresAtMs),
      };
      await clock.wait(dice.between(0, 3));
      return JSON.stringify(grant);
    },
  };
}

/** A path of the code that forgets to ask: where the answer is no, it may go on with a thing that looks like a pair. */
export function forgetfulPairing(real: Pairing, clock: ProcessClock, faults: Faults): Pairing {
  return {
    pairsOf: (viewer) => real.pairsOf(viewer),
    async pair(viewer, device) {
      try {
        return await real.pair(viewer, device);
      } catch (thrown) {
        const refused = thrown instanceof LatchkeyError && thrown.code === 'not-allowed';
        if (!refused || !faults.strikes('forged-pairs', 0.5)) throw thrown;
        const evidence = { token: viewer.evidence, source: 'nobody', version: '' };
        const expiresAtMs = clock.now() + 3_600_000;
        return disguised<VerifiedPair>({ subject: viewer.subject, device, role: 'owner', expiresAtMs, evidence });
      }
    },
  };
}

/** A table of sessions that crosses two: now and then it opens one for a pair that came before. */
export function crossingSessions(real: Sessions, faults: Faults, dice: Dice): Sessions {
  const seen: VerifiedPair[] = [];
  return {
    get size() {
      return real.size;
    },
    open(pair): Session {
      const others = seen.filter(({ subject, device }) => subject !== pair.subject || device !== pair.device);
      const other = others.length > 0 && faults.strikes('crossed-sessions', 0.4) ? dice.pick(others) : pair;
      seen.push(pair);
      return real.open(other);
    },
    ofViewer: (id, pair) => real.ofViewer(id, pair),
    ofCamera: (id, camera) => real.ofCamera(id, camera),
    endWhere: (match, reason) => real.endWhere(match, reason),
    review: () => real.review(),
    opposed: (rules) => real.opposed(rules),
  };
}

/** A door, and how many wires are on their way through it. */
export interface SlowDoor extends Relay {
  readonly opening: number;
}

/** The door to workers that take their time, as threads do, before they have opened a wire or before they say so. */
export function slowDoor(real: Relay, clock: ProcessClock, faults: Faults, dice: Dice): SlowDoor {
  let opening = 0;
  const wait = async () => {
    if (faults.strikes('slow-media-workers', 0.3)) await clock.wait(dice.between(1, 2_000));
  };
  return {
    addresses: real.addresses,
    get opening() {
      return opening;
    },
    get counters() {
      return real.counters;
    },
    get gauges() {
      return real.gauges;
    },
    get workers() {
      return real.workers;
    },
    reserve(pair, session) {
      const reservation = real.reserve(pair, session);
      return {
        addresses: reservation.addresses,
        release: () => reservation.release(),
        async open(viewer, camera, events) {
          opening += 1;
          try {
            await wait();
            const wire = await reservation.open(viewer, camera, events);
            await wait();
            return slowWire(wire, wait);
          } finally {
            queueMicrotask(() => {
              opening -= 1;
            });
          }
        },
      };
    },
    useRates: (rates) => real.useRates(rates),
    close: () => real.close(),
  };
}

function slowWire(wire: Wire, wait: () => Promise<void>): Wire {
  return {
    stats: () => wire.stats(),
    extend: (fresh) => wire.extend(fresh),
    end: () => wire.end(),
    async restart(viewer, camera) {
      await wire.restart(viewer, camera);
      await wait();
    },
  };
}
