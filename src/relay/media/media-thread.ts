import assert from 'node:assert/strict';
import { type MessagePort, parentPort, receiveMessageOnPort, workerData } from 'node:worker_threads';
import { limits, systemClock } from '../../base/index.ts';
import { BatchedPort, type Begin } from '../udp/batched-port.ts';
import { openDgramPort } from '../udp/dgram-port.ts';
import { loadLibc, sleepPrecisely, wishForLargePages } from '../udp/libc.ts';
import { type SocketFacts, UdpSocket } from '../udp/udp-socket.ts';
import { BusyTime } from './busy-time.ts';
import { runOnEvents } from './event-loop.ts';
import { takenOff } from './hand-on-all.ts';
import { Mailbox } from './mailbox.ts';
import type { Control, Report, ThreadSettings } from './messages.ts';
import { Moderation } from './moderation.ts';
import { Station } from './station.ts';
import type { TcpLane } from './tcp-lane.ts';
import type { TcpArrival } from './tcp-messages.ts';

/** What a processor fetches of memory at once. */
const lineBytes = 64;

/** The file that a media worker's thread runs. With a socket it waits in the kernel; without one it lives on events, like any other. */
const settings = workerData as ThreadSettings;
assert(parentPort !== null, 'this file runs in a thread of its own');
if (settings.socket === undefined) await runOnDgram(parentPort);
else await runOnSocket(parentPort, settings.socket);

async function runOnSocket(door: MessagePort, facts: SocketFacts): Promise<void> {
  const libc = await loadLibc();
  if (typeof libc === 'string') throw new Error(libc);
  const socket = new UdpSocket(facts);
  const port = new BatchedPort(libc, socket, settings.portCells);
  // What the station tells leaves when a batch has left: no datagram waits for it, and what is told has happened.
  const reports: Report[] = [];
  wishForLargePages(libc, settings.ledger);
  const newMemory = (bytes: number) => {
    const memory = new ArrayBuffer(bytes + lineBytes);
    wishForLargePages(libc, memory);
    const past = Number(libc.address(new Uint8Array(memory)) % BigInt(lineBytes));
    return new Uint8Array(memory, lineBytes - past, bytes);
  };
  const station = new Station(settings, facts.port, port, (report) => reports.push(report), newMemory);
  const mailbox = new Mailbox(settings.mailbox);
  const moderation = new Moderation();
  const busyTime = new BusyTime(settings.busy);
  sleepPrecisely(libc);
  let nowMs = 0;
  const advance = () => {
    nowMs = Date.now();
    station.advance(nowMs);
  };
  const begin: Begin = (words, at, step, count) => {
    advance();
    if (count > 1) station.foresee(words, at, step, count);
  };
  const receive = station.receive.bind(station);
  const receiveRun = station.receiveRun.bind(station);
  const tellAll = () => {
    if (reports.length === 0) return;
    for (const report of takenOff(reports)) door.postMessage(report);
  };
  let open = true;
  /** Whether the TCP thread has said more than was read: its messages take turns with the door's and with datagrams. */
  let more = false;
  let tcp: { readonly port: MessagePort; readonly lane: TcpLane } | undefined;
  door.postMessage({ kind: 'ready', port: facts.port, receiveBufferBytes: facts.receiveBufferBytes } satisfies Report);
  while (open) {
    if (mailbox.hasMailBeforeWaiting() || more) {
      advance();
      read<Control>(door, Number.POSITIVE_INFINITY, (control) => {
        if (control.kind === 'tcp') {
          tcp?.port.close();
          socket.wakenBy(control.wakerPorts);
          tcp = { port: control.port, lane: station.joinTcp(control.port, control.onTheWay) };
        } else station.control(control);
        if (control.kind === 'close') open = false;
      });
      more =
        tcp !== undefined && read<TcpArrival>(tcp.port, limits.tcpMessagesPerTurnMax, tcp.lane.take.bind(tcp.lane));
      port.flush();
      station.flush();
      tellAll();
    }
    const messages = open ? port.turn(!more, begin, receive, receiveRun) : 0;
    if (messages === 0) advance();
    station.flush();
    mailbox.awake();
    tellAll();
    busyTime.look(nowMs);
    const restUs = moderation.restUsAfter(messages, nowMs);
    if (restUs > 0) libc.usleep(restUs);
  }
  tcp?.port.close();
  door.close();
}

/** Takes messages, `max` of them at most. Returns whether there may be more. */
function read<Message>(from: MessagePort, max: number, take: (message: Message) => void): boolean {
  for (let count = 0; count < max; count++) {
    const mail = receiveMessageOnPort(from);
    if (mail === undefined) return false;
    take(mail.message);
  }
  return true;
}

async function runOnDgram(door: MessagePort): Promise<void> {
  const loop = await runOnEvents(settings, openDgramPort, settings.at, systemClock, (report) =>
    door.postMessage(report),
  );
  const busyTime = new BusyTime(settings.busy);
  const looking = setInterval(() => busyTime.look(Date.now()), limits.busyLookMs);
  door.on('message', (control: Control) => {
    loop.control(control);
    if (control.kind !== 'close') return;
    clearInterval(looking);
    loop.close().then(() => door.close());
  });
}
