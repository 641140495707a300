import { limits, systemClock, systemRandom } from '../../src/base/index.ts';
import type { Aim } from '../../src/storm/aim.ts';
import { Crossings } from '../../src/storm/crossings.ts';
import { type CameraToken, Fleet } from '../../src/storm/fleet.ts';
import { describedBy } from '../../src/storm/marks.ts';
import { failureText, readMessage } from '../../src/storm/messages.ts';
import { StormSocket } from '../../src/storm/socket.ts';
import type { ViewerToken } from '../../src/storm/viewers.ts';

const powers = { clock: systemClock, random: systemRandom };
/** How many live views one connection asks for at once. */
const askedAtOnce = 16;
/** How many people come at once: more would be sent away while the relay is late. */
const peopleAtOnce = 4;

/** A fleet that is registered, and live views that stay open, without media: until it is disposed of, or the relay has missed their media for too long. */
export interface ManyViews extends Disposable {
  /**
   * Opens one for each person and each of their devices; resolves when all are open, and rejects when one is refused. Once `enough` is
   * aborted nobody else comes.
   */
  open(people: readonly ViewerToken[], enough?: AbortSignal): Promise<void>;
  /** Ends all live views; the fleet stays. */
  leave(): void;
}

export async function manyViews(aim: Aim, cameras: readonly CameraToken[]): Promise<ManyViews> {
  const key = systemRandom.bytes(32);
  const crossings = new Crossings(() => {});
  const world = {
    aim,
    key,
    crossings,
    owners: { maySee: () => true },
    usesTickets: false,
    honoursRetryAfter: true,
    ...powers,
  };
  const fleet = new Fleet(world, cameras, limits.stormConnectsPerSecondMax);
  fleet.gather();
  await fleet.whole();
  let sockets: StormSocket[] = [];
  const leave = () => {
    for (const socket of sockets) socket.close();
    sockets = [];
  };
  return {
    async open(people, enough) {
      const waiting = people.values();
      const some = async () => {
        for (const person of waiting) {
          if (enough?.aborted) return;
          const { promise, resolve, reject } = Promise.withResolvers<void>();
          sockets.push(watchAll(aim, key, person, resolve, reject));
          await promise;
        }
      };
      await Promise.all(Array.from({ length: peopleAtOnce }, some));
    },
    leave,
    [Symbol.dispose]() {
      leave();
      fleet.stop();
    },
  };
}

/** One person on one connection, who opens a live view of each device. */
function watchAll(
  aim: Aim,
  key: Uint8Array,
  { subject, token, devices }: ViewerToken,
  done: () => void,
  failed: (error: Error) => void,
): StormSocket {
  let [asked, answered] = [0, 0];
  const ask = () => {
    const device = devices[asked];
    if (device === undefined) return;
    const question = systemRandom.bytes(12).toString('base64url');
    const params = { peer: device, offer: describedBy({ kind: 'offer', subject, device, question }, key) };
    socket.send(JSON.stringify({ jsonrpc: '2.0', id: ++asked, method: 'connect', params }));
  };
  const socket = new StormSocket(aim, undefined, `Authorization: Bearer ${token.reveal()}\r\n`, powers, {
    open() {
      for (let first = 0; first < askedAtOnce; first++) ask();
    },
    message(text) {
      const message = readMessage(text);
      if (message?.error !== undefined) failed(new Error(failureText(message.error)));
      if (message?.result === undefined) return;
      if (++answered === devices.length) done();
      else ask();
    },
    ended: ({ kind }) => failed(new Error(`the connection of ${subject} ended: ${kind}`)),
  });
  return socket;
}
