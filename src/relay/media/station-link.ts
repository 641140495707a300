import type { MessagePort } from 'node:worker_threads';
import { type Clock, startThread } from '../../base/index.ts';
import type { Libc } from '../udp/libc.ts';
import type { OpenUdpPort, PortSettings } from '../udp/port.ts';
import { openUdpSocket, type SocketFacts, type SocketSettings, type UdpSocket } from '../udp/udp-socket.ts';
import { runOnEvents } from './event-loop.ts';
import { Mailbox } from './mailbox.ts';
import type { Control, Report, StationSettings, TcpRoad, ThreadSettings } from './messages.ts';
import type { StationRoad } from './tcp-messages.ts';

/** The door's end of a running station. */
export interface StationLink {
  /** What another thread has to know to wake it. */
  readonly waking: Pick<StationRoad, 'mailbox' | 'wakeAt'>;
  /** CPU time of its thread, in seconds; absent where it has none. */
  readonly busySeconds?: number;
  post(message: Control): void;
  /** Gives it a road to the TCP thread. */
  connect(road: TcpRoad): void;
  /** Resolves when the station is gone. */
  close(): Promise<void>;
  /** Ends it without its help. */
  destroy(): void;
}

export interface StationListener {
  report(report: Report): void;
  /** The station is gone, and nobody asked it to go. */
  died(error: Error): void;
}

/** Starts a station. It is ready when it has reported so, or has died; throws when it cannot even begin. */
export type StartStation = (settings: StationSettings, listener: StationListener) => StationLink;

/** A station beside the door, on the same event loop, with a port that is handed in. */
export function besideTheDoor(openPort: OpenUdpPort, at: PortSettings, clock: Clock): StartStation {
  return (settings, listener) => {
    let closed = false;
    let ready: Report | undefined;
    const loop = runOnEvents(settings, openPort, at, clock, (report) => {
      if (report.kind === 'ready') ready = report;
      else if (!closed || report.kind === 'ended') listener.report(report);
    });
    let running: Awaited<typeof loop> | undefined;
    loop.then(
      (started) => {
        running = started;
        if (ready !== undefined) listener.report(ready);
      },
      (error: Error) => listener.died(error),
    );
    const { memory } = new Mailbox();
    return {
      waking: { mailbox: memory, wakeAt: undefined },
      post: (message) => running?.control(message),
      connect: (road) => running?.control({ kind: 'tcp', ...road }),
      async close() {
        try {
          running?.control({ kind: 'close' });
        } finally {
          closed = true;
          await loop.then((started) => started.close());
        }
      },
      destroy() {},
    };
  };
}

const mediaThread = new URL('./media-thread.ts', import.meta.url);

/**
 * A station in a thread of its own: on the batched port where `libc` is given, else on `node:dgram`. Each has a socket of its own,
 * on the port that the first one had. Throws `settings-invalid` when the batched port cannot be bound.
 */
export function inThread(at: SocketSettings, libc?: Libc): StartStation {
  let { port } = at;
  return (settings, listener) => {
    const mailbox = new Mailbox();
    const busy = new Float64Array(new SharedArrayBuffer(Float64Array.BYTES_PER_ELEMENT));
    const socket = libc && new OwnSocket(libc, { ...at, port });
    const given: ThreadSettings = {
      ...settings,
      at: { host: at.host, port },
      socket: socket?.facts,
      mailbox: mailbox.memory,
      busy,
    };
    let closing = false;
    const thread = startThread<Control, Report>('the media worker’s thread', mediaThread, given, {
      message(report) {
        if (report.kind === 'ready') port = report.port;
        listener.report(report);
      },
      gone(death) {
        // Whoever else has the mailbox need not wake what is gone.
        mailbox.awake();
        socket?.close();
        if (!closing) listener.died(death);
      },
    });
    const post = (message: Control, ...transfer: MessagePort[]) => {
      thread.post(message, ...transfer);
      if (mailbox.announce()) socket?.wake();
    };
    return {
      waking: { mailbox: mailbox.memory, wakeAt: socket && { host: socket.facts.ownHost, port: socket.facts.port } },
      get busySeconds() {
        return busy[0] ?? 0;
      },
      post,
      connect: (road) => post({ kind: 'tcp', ...road }, road.port),
      close() {
        closing = true;
        post({ kind: 'close' });
        return thread.gone;
      },
      destroy: thread.destroy,
    };
  };
}

/** A socket and the calls that it takes, until it is closed. */
class OwnSocket {
  readonly #libc: Libc;
  #socket: UdpSocket | undefined;
  readonly facts: SocketFacts;

  constructor(libc: Libc, at: SocketSettings) {
    this.#libc = libc;
    this.#socket = openUdpSocket(libc, at);
    this.facts = this.#socket.facts;
  }

  wake(): void {
    this.#socket?.wake(this.#libc);
  }

  /** From here on its descriptor is not used again: it may be another one's. */
  close(): void {
    this.#socket?.close(this.#libc);
    this.#socket = undefined;
  }
}
