import { type MessagePort, Worker } from 'node:worker_threads';
import type { Clock } from '../../base/index.ts';
import type { Libc } from '../udp/libc.ts';
import type { OpenUdpPort, PortSettings } from '../udp/port.ts';
import type { UdpSocket } from '../udp/udp-socket.ts';
import { runOnEvents } from './event-loop.ts';
import { Mailbox } from './mailbox.ts';
import type { Control, Report, StationSettings, ThreadSettings } from './messages.ts';
import type { StationRoad } from './tcp-messages.ts';

/** The door's end of a running station. */
export interface StationLink {
  /** What another thread has to know to wake it. */
  readonly waking: Pick<StationRoad, 'mailbox' | 'socket'>;
  post(message: Control): void;
  /** Gives it a road to the TCP thread. */
  connect(port: MessagePort, onTheWay: SharedArrayBuffer): void;
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

/** Starts a station. It is ready when it has reported so, or has died. */
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
      waking: { mailbox: memory, socket: undefined },
      post: (message) => running?.control(message),
      connect: (port, onTheWay) => running?.control({ kind: 'tcp', port, onTheWay }),
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

/** A station in a thread of its own: on the batched port where `socket` is given, else on `node:dgram`. */
export function inThread(at: PortSettings, socket?: { readonly libc: Libc; readonly socket: UdpSocket }): StartStation {
  return (settings, listener) => {
    const mailbox = new Mailbox();
    const workerData: ThreadSettings = { ...settings, at, socket: socket?.socket.facts, mailbox: mailbox.memory };
    const thread = new Worker(new URL('./media-thread.ts', import.meta.url), { workerData });
    const gone = Promise.withResolvers<void>();
    let closing = false;
    let death: Error | undefined;
    thread.on('message', (report: Report) => listener.report(report));
    thread.on('error', (error) => {
      death = error as Error;
    });
    thread.on('exit', (code) => {
      // Whoever else has the mailbox must not wake what is gone: its socket may be another one's by then.
      mailbox.awake();
      gone.resolve();
      if (!closing) listener.died(death ?? new Error(`the thread ended with code ${code}`));
    });
    const post = (message: Control, ...transfer: MessagePort[]) => {
      thread.postMessage(message, transfer);
      if (mailbox.announce()) socket?.socket.wake(socket.libc);
    };
    return {
      waking: { mailbox: mailbox.memory, socket: socket?.socket.facts },
      post,
      connect: (port, onTheWay) => post({ kind: 'tcp', port, onTheWay }, port),
      close() {
        closing = true;
        post({ kind: 'close' });
        return gone.promise;
      },
      destroy: () => void thread.terminate(),
    };
  };
}
