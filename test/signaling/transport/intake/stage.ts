import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';
import { limits } from '../../../../src/base/index.ts';
import { newListener, openSockets } from '../../../../src/signaling/transport/backlog.ts';
import type { Bell, BellEvents } from '../../../../src/signaling/transport/intake/bell.ts';
import { Intake, type IntakeHandlers } from '../../../../src/signaling/transport/intake/intake.ts';
import {
  type ListeningSocket,
  takeListeningSocket,
} from '../../../../src/signaling/transport/intake/listening-socket.ts';
import { ManualClock } from '../../../support/manual-clock.ts';

/** A socket that listens on loopback in our own hands, once node's server has let go of it. */
export async function listeningSocket(): Promise<{ readonly socket: ListeningSocket; readonly port: number }> {
  const before = openSockets();
  const server = createServer();
  server.listen({ host: '127.0.0.1', port: 0, backlog: 1_024 });
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  const descriptor = newListener(address.port, before);
  const socket = descriptor === undefined ? undefined : await takeListeningSocket(descriptor);
  if (socket === undefined) throw new Error('the tests run on Linux, with koffi');
  server.close();
  await once(server, 'close');
  return { socket, port: address.port };
}

/** An intake whose bell, time and turns are the test's, on a real socket with real connections. */
export class IntakeStage implements AsyncDisposable {
  readonly clock = new ManualClock();
  readonly intake: Intake;
  readonly socket: ListeningSocket;
  /** What those who were taken had said by then. */
  readonly taken: string[] = [];
  readonly faults: string[] = [];
  onFault: (() => void) | undefined;
  bellsSet = 0;
  room = Number.POSITIVE_INFINITY;
  /** How many have come and were not dropped. */
  open = 0;
  readonly #port: number;
  readonly #clients: Socket[] = [];
  readonly #turns: (() => void)[] = [];
  #events: BellEvents | undefined;

  private constructor(socket: ListeningSocket, port: number) {
    this.socket = socket;
    this.#port = port;
    const handlers: IntakeHandlers = {
      take: (connection) => {
        this.taken.push(socket.beginning(connection));
        socket.drop(connection);
      },
      canWait: (beginning) => beginning.startsWith('later'),
      came: () => ++this.open <= this.room,
      dropped: () => void this.open--,
      fault: (error) => {
        this.faults.push(error.message);
        this.onFault?.();
      },
    };
    const hangBell = (_signs: readonly number[], events: BellEvents): Bell => {
      this.#events = events;
      return { set: () => void this.bellsSet++, close: async () => {} };
    };
    const soon = (run: () => void) => void this.#turns.push(run);
    this.intake = new Intake({ clock: this.clock, socket, hangBell, soon }, handlers);
  }

  static async open(): Promise<IntakeStage> {
    const { socket, port } = await listeningSocket();
    return new IntakeStage(socket, port);
  }

  /** Somebody connects and says that, if anything. It has arrived when this resolves. */
  async come(text = ''): Promise<Socket> {
    const client = connect({ host: '127.0.0.1', port: this.#port });
    this.#clients.push(client);
    client.on('error', () => {});
    await once(client, 'connect');
    if (text !== '') await say(client, text);
    return client;
  }

  async crowd(count: number, text = ''): Promise<Socket[]> {
    const clients: Socket[] = [];
    for (let index = 0; index < count; index++) clients.push(await this.come(text));
    return clients;
  }

  ring(): void {
    this.#events?.rung();
  }

  break(): void {
    this.#events?.broken(new Error('cracked'));
  }

  /** How many turns are asked for: none or one. */
  get turnsDue(): number {
    return this.#turns.length;
  }

  turn(): void {
    for (const turn of this.#turns.splice(0)) turn();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const client of this.#clients) client.destroy();
    await this.intake.close();
  }
}

export function say(client: Socket, text: string): Promise<void> {
  return new Promise((resolve, reject) => client.write(text, (error) => (error ? reject(error) : resolve())));
}

/** More than are taken in one turn without a look. */
export const many = limits.intakeTakenPerTurnMax + 8;
