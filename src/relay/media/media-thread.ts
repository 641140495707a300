import assert from 'node:assert/strict';
import { type MessagePort, parentPort, receiveMessageOnPort, workerData } from 'node:worker_threads';
import { systemClock } from '../../base/index.ts';
import { BatchedPort } from '../udp/batched-port.ts';
import { openDgramPort } from '../udp/dgram-port.ts';
import { loadLibc } from '../udp/libc.ts';
import { type SocketFacts, UdpSocket } from '../udp/udp-socket.ts';
import { runOnEvents } from './event-loop.ts';
import { takenOff } from './hand-on-all.ts';
import { Mailbox } from './mailbox.ts';
import type { Control, Report, ThreadSettings } from './messages.ts';
import { Station } from './station.ts';

/** The file that a media worker's thread runs. With a socket it waits in the kernel; without one it lives on events, like any other. */
const settings = workerData as ThreadSettings;
assert(parentPort !== null, 'this file runs in a thread of its own');
if (settings.socket === undefined) await runOnDgram(parentPort);
else await runOnSocket(parentPort, settings.socket);

async function runOnSocket(door: MessagePort, facts: SocketFacts): Promise<void> {
  const libc = await loadLibc();
  if (typeof libc === 'string') throw new Error(libc);
  const port = new BatchedPort(libc, new UdpSocket(facts), settings.portCells);
  // What the station tells leaves when a batch has left: no datagram waits for it, and what is told has happened.
  const reports: Report[] = [];
  const station = new Station(settings, facts.port, port, (report) => reports.push(report));
  const mailbox = new Mailbox(settings.mailbox);
  const advance = () => station.advance(Date.now());
  const receive = station.receive.bind(station);
  const tellAll = () => {
    for (const report of takenOff(reports)) door.postMessage(report);
  };
  let open = true;
  door.postMessage({ kind: 'ready', port: facts.port, receiveBufferBytes: facts.receiveBufferBytes } satisfies Report);
  while (open) {
    if (mailbox.hasMailBeforeWaiting()) {
      advance();
      for (let mail = receiveMessageOnPort(door); mail !== undefined; mail = receiveMessageOnPort(door)) {
        const control = mail.message as Control;
        station.control(control);
        if (control.kind === 'close') open = false;
      }
      port.flush();
      tellAll();
    }
    if (open && port.turn(true, advance, receive) === 0) advance();
    mailbox.awake();
    tellAll();
  }
  door.close();
}

async function runOnDgram(door: MessagePort): Promise<void> {
  const loop = await runOnEvents(settings, openDgramPort, settings.at, systemClock, (report) =>
    door.postMessage(report),
  );
  door.on('message', (control: Control) => {
    loop.control(control);
    if (control.kind === 'close') loop.close().then(() => door.close());
  });
}
