import { Worker } from 'node:worker_threads';
import type { Clock } from '../../base/index.ts';
import type { Libc } from '../udp/libc.ts';
import type { OpenUdpPort, PortSettings } from '../udp/port.ts';
import type { UdpSocket } from '../udp/udp-socket.ts';
import { runOnEvents } from './event-loop.ts';
import { Mailbox } from './mailbox.ts';
import type { Control, Report, StationSettings, ThreadSettings } from './messages.ts';

/** The door's end of a running station. */
export interface StationLink {
  post(message: Control): void;
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
    const loop = runOnEvents(settings, openPort, at, clock, (report) => {
      if (!closed || report.kind === 'ended') listener.report(report);
    });
    let running: Awaited<typeof loop> | undefined;
    loop.then(
      (started) => {
        running = started;
      },
      (error: Error) => listener.died(error),
    );
    return {
      post: (message) => running?.control(message),
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
      gone.resolve();
      if (!closing) listener.died(death ?? new Error(`the thread ended with code ${code}`));
    });
    const post = (message: Control) => {
      thread.postMessage(message);
      if (mailbox.announce()) socket?.socket.wake(socket.libc);
    };
    return {
      post,
      close() {
        closing = true;
        post({ kind: 'close' });
        return gone.promise;
      },
      destroy: () => void thread.terminate(),
    };
  };
}
