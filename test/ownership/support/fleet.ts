import { EventEmitter, once } from 'node:events';
import { type Clock, deviceId, LatchkeyError, systemClock, systemRandom } from '../../../src/base/index.ts';
import {
  createOwnership,
  createSharedCache,
  type OwnershipQuestion,
  type OwnershipSource,
  openRedisStore,
  type Role,
} from '../../../src/ownership/index.ts';
import { viewerProof } from '../../support/proofs.ts';
import { granting, refusing } from './scripted-source.ts';
import { SharedSource, sharedKey } from './sharing.ts';

export const people = Array.from({ length: 60 }, (_, n) => `person${n}`);
export const cameraOf = (n: number) => `cam${n % people.length}`;

/** Who may see what: everybody their own camera, and as a guest that of their neighbour. */
export function truthOf(subject: string, device: string): Role | undefined {
  const n = people.indexOf(subject);
  if (device === cameraOf(n)) return 'owner';
  return device === cameraOf(n + 1) ? 'viewer' : undefined;
}

/** Everybody asks for their own camera, for their guest’s, and for as many strangers’ ones; in an order of the seed. */
export function questionsOf(fraction: () => number): [subject: string, device: string][] {
  const all = people.flatMap((subject, n) =>
    [0, 1, 2, 3].map((more): [string, string] => [
      subject,
      cameraOf(n + (more < 2 ? more : 2 + Math.floor(fraction() * 57))),
    ]),
  );
  return all
    .map((each) => ({ each, at: fraction() }))
    .sort((a, b) => a.at - b.at)
    .map(({ each }) => each);
}

export function truthfulSource(): SharedSource {
  const source = new SharedSource();
  source.answer = async (question: OwnershipQuestion) => {
    const role = truthOf(question.subject, question.device);
    return role === undefined ? refusing(question) : granting(question, role);
  };
  return source;
}

/** A relay’s ownership as the server has it, on a real store in real time; and everything that it tells. */
export function relayOn(port: number, clock: Clock = systemClock, source: OwnershipSource = truthfulSource()) {
  const alarms: string[] = [];
  const asked: string[] = [];
  const told: string[] = [];
  const events = new EventEmitter();
  events.setMaxListeners(0);
  const powers = { clock, random: systemRandom };
  const settings = { entriesMax: 1_000, grantMsMax: 5_000, refusalMsMax: 5_000 };
  const openStore: Parameters<typeof createSharedCache>[1]['openStore'] = (observer) =>
    openRedisStore({ host: '127.0.0.1', port }, { clock: systemClock, random: systemRandom }, observer);
  const shared = createSharedCache(
    settings,
    { source, keys: [sharedKey(1)], openStore, ...powers },
    {
      asked: (outcome) => asked.push(outcome),
      alarm(kind) {
        alarms.push(kind);
        events.emit('told');
      },
      state(state) {
        told.push(state);
        events.emit('told');
      },
    },
  );
  const ownership = createOwnership(source, settings, { ...powers, shared }, { alarm: (kind) => alarms.push(kind) });
  return {
    shared,
    ownership,
    alarms,
    asked,
    told,
    async until(isSo: () => boolean): Promise<void> {
      while (!isSo()) await once(events, 'told');
    },
    isLeftOut: () => told.findLast((state) => state === 'left-out' || state === 'taken-back') === 'left-out',
    /** What somebody is told: their role, or a refusal. Throws where the proof names anything but the question. */
    async roleOf(subject: string, device: string): Promise<Role | undefined> {
      const now = clock.now();
      try {
        const proof = await ownership.may(viewerProof(subject, now), deviceId(device));
        if (proof.subject !== subject || proof.device !== device) throw new Error('a proof of something else');
        return proof.role;
      } catch (thrown) {
        if (thrown instanceof LatchkeyError && thrown.code === 'not-allowed') return undefined;
        throw thrown;
      }
    },
    close: () => ownership.close(),
  };
}

export type FleetRelay = ReturnType<typeof relayOn>;

/** Asks all of it, so many at once, each batch over a connection where there can be one; gives back what was answered wrongly. */
export async function askAll(
  relay: FleetRelay,
  questions: readonly [string, string][],
  atOnce = 30,
): Promise<string[]> {
  const wrong: string[] = [];
  for (let at = 0; at < questions.length; at += atOnce) {
    await relay.until(() => relay.shared.inUse || relay.isLeftOut());
    const batch = questions.slice(at, at + atOnce);
    const roles = await Promise.all(batch.map(([subject, device]) => relay.roleOf(subject, device)));
    for (const [n, [subject, device]] of batch.entries()) {
      if (roles[n] !== truthOf(subject, device)) wrong.push(`${subject} ${device}: ${roles[n]}`);
    }
  }
  return wrong;
}
