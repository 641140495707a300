import type { MessagePort } from 'node:worker_threads';
import { type Clock, MovableTimer } from '../../base/index.ts';
import type { OpenUdpPort, PortSettings } from '../udp/port.ts';
import { handOnAll, takenOff } from './hand-on-all.ts';
import type { Control, Report, StationSettings } from './messages.ts';
import { Station } from './station.ts';
import type { TcpArrival } from './tcp-messages.ts';

/** A station on an event loop. */
export interface StationLoop {
  control(message: Control): void;
  close(): Promise<void>;
}

/**
 * Runs a station on the events of this thread: its port's datagrams, the door's messages, and one timer. What the station tells
 * leaves only when it has finished with an input.
 */
export async function runOnEvents(
  settings: StationSettings,
  openPort: OpenUdpPort,
  at: PortSettings,
  clock: Clock,
  tell: (report: Report) => void,
): Promise<StationLoop> {
  const reports: Report[] = [];
  let telling = false;
  const timer = new MovableTimer(clock, () => act(() => {}));
  let tcp: MessagePort | undefined;

  const port = await openPort(at, (datagram) => act(() => station.receive(datagram)), settings.portCells);
  const station = new Station(settings, port.address.port, port, (report) => reports.push(report));
  station.advance(clock.now());
  tell({ kind: 'ready', port: port.address.port, receiveBufferBytes: port.receiveBufferBytes });

  function act(step: () => void): void {
    station.advance(clock.now());
    step();
    station.flush();
    timer.set(station.nextDeadline());
    tellAll();
  }

  function joinTcp({ port, onTheWay }: Extract<Control, { kind: 'tcp' }>): void {
    tcp?.close();
    tcp = port;
    const lane = station.joinTcp(port, onTheWay);
    port.on('message', (arrival: TcpArrival) => act(() => lane.take(arrival)));
  }

  /**
   * One report after the other: what a handler does to the station is told when that handler is done. One that throws does not keep
   * the others from being told.
   */
  function tellAll(): void {
    if (telling) return;
    telling = true;
    try {
      handOnAll(takenOff(reports), tell);
    } finally {
      telling = false;
    }
  }

  return {
    control(message) {
      if (message.kind === 'tcp') joinTcp(message);
      else act(() => station.control(message));
    },
    close() {
      timer.cancel();
      tcp?.close();
      return port.close();
    },
  };
}
