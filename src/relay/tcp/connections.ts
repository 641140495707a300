import type { Socket } from 'node:net';
import { type Clock, canonicalHost, limits, MovableTimer, Strangers } from '../../base/index.ts';
import { Deadlines, type Due } from '../engine/deadlines.ts';
import { classify } from '../wire/demultiplex.ts';
import { Deframer } from '../wire/framing.ts';
import type { Place } from '../wire/path.ts';
import { looksLikeBindingRequest } from '../wire/stun.ts';
import { freshTcpCounters, type TcpCloseReason } from './counters.ts';
import { FrameWriter } from './frame-writer.ts';
import type { TcpEvents, TcpSettings } from './tcp-listener.ts';

/** The largest number of a connection. */
export const connectionNumberMax = 2 ** 31 - 1;

/** The number after `last` that no open connection has: 1 to `connectionNumberMax`, and then from the start again. */
export function nextConnectionNumber(last: number, isOpen: (connection: number) => boolean): number {
  let next = last;
  do next = next >= connectionNumberMax ? 1 : next + 1;
  while (isOpen(next));
  return next;
}

interface Connection extends Due {
  readonly number: number;
  readonly socket: Socket;
  readonly remote: Place;
  readonly local: Place;
  readonly deframer: Deframer;
  readonly writer: FrameWriter;
  claimed: boolean;
  /** Whether it was sent STUN: Chromium closes a connection on which anything else comes first. */
  greeted: boolean;
  heardAtMs: number;
  unclaimedFrames: number;
  unclaimedBytes: number;
  ended: TcpCloseReason | undefined;
}

/** The connections of a listener: their places, their deadlines, and what a stranger may do. */
export class TcpConnections {
  readonly counters = freshTcpCounters();
  readonly #clock: Clock;
  readonly #events: TcpEvents;
  readonly #connectionsMax: number;
  readonly #connections = new Map<number, Connection>();
  readonly #unclaimed: Strangers<Connection>;
  readonly #deadlines = new Deadlines<Connection>();
  readonly #timer: MovableTimer;
  #lastNumber = 0;

  constructor(settings: TcpSettings, clock: Clock, events: TcpEvents) {
    const { connectionsMax = Number.POSITIVE_INFINITY, unclaimedMax = Number.POSITIVE_INFINITY } = settings;
    this.#clock = clock;
    this.#events = events;
    this.#timer = new MovableTimer(clock, () => this.#timeout(clock.now()));
    this.#connectionsMax = Math.min(connectionsMax, limits.tcpConnectionsMax);
    this.#unclaimed = new Strangers(
      Math.min(unclaimedMax, limits.tcpConnectionsUnclaimedMax),
      limits.tcpConnectionsUnclaimedPerAddressMax,
    );
  }

  get open(): number {
    return this.#connections.size;
  }

  get unclaimed(): number {
    return this.#unclaimed.size;
  }

  send(number: number, bytes: Buffer, start: number, end: number): void {
    const connection = this.#connections.get(number);
    const fits = end - start > 0 && end - start <= limits.tcpFrameBytesMax;
    if (connection?.claimed && fits) connection.greeted ||= classify(bytes.readUInt8(start)) === 'stun';
    if (!connection?.greeted || !fits) this.counters.unsent++;
    else if (!connection.writer.send(bytes, start, end)) this.#end(connection, 'overflow');
  }

  claim(number: number): void {
    const connection = this.#connections.get(number);
    if (connection === undefined || connection.claimed) return;
    connection.claimed = true;
    this.#unclaimed.delete(connection);
    connection.heardAtMs = this.#clock.now();
    this.#due(connection, connection.heardAtMs + limits.sideSilentMsMax);
  }

  release(number: number): void {
    const connection = this.#connections.get(number);
    if (connection !== undefined) this.#end(connection, 'released');
  }

  releaseAll(): void {
    for (const connection of this.#connections.values()) this.#end(connection, 'released');
  }

  accept(socket: Socket): void {
    const remote = place(socket.remoteAddress, socket.remotePort);
    const local = place(socket.localAddress, socket.localPort);
    const full = this.#connections.size >= this.#connectionsMax;
    if (remote === undefined || local === undefined || full || !this.#unclaimed.hasRoomFor(remote.host)) {
      this.counters.refused++;
      socket.on('error', () => {});
      socket.resetAndDestroy();
      return;
    }
    this.counters.accepted++;
    socket.setNoDelay(true);
    this.#lastNumber = nextConnectionNumber(this.#lastNumber, (number) => this.#connections.has(number));
    const connection: Connection = {
      number: this.#lastNumber,
      socket,
      remote,
      local,
      deframer: new Deframer(),
      writer: new FrameWriter(socket, this.counters),
      claimed: false,
      greeted: false,
      heardAtMs: 0,
      unclaimedFrames: 0,
      unclaimedBytes: 0,
      ended: undefined,
      dueAtMs: 0,
      dueIndex: -1,
    };
    this.#connections.set(connection.number, connection);
    this.#unclaimed.add(connection, remote.host);
    this.#due(connection, this.#clock.now() + limits.tcpUnclaimedMsMax);
    socket.on('data', (chunk) => this.#read(connection, chunk));
    socket.on('end', () => this.#end(connection, 'peer-closed'));
    socket.on('error', () => this.#end(connection, 'error'));
    socket.on('close', () => {
      const reason = connection.ended ?? 'peer-closed';
      if (reason !== 'released') this.#events.closed(connection.number, reason);
    });
  }

  #read(connection: Connection, chunk: Buffer): void {
    const nowMs = this.#clock.now();
    if (!connection.claimed) {
      connection.unclaimedBytes += chunk.length;
      if (connection.unclaimedBytes > limits.tcpUnclaimedBytesMax) this.#end(connection, 'unclaimed-too-much');
    }
    const readable = connection.deframer.push(chunk, (bytes, start, end) => {
      connection.heardAtMs = nowMs;
      this.counters.framesIn++;
      this.counters.bytesIn += end - start;
      if (!connection.claimed) this.#suspect(connection, bytes, start, end);
      if (connection.ended !== undefined) return;
      this.#events.datagram(connection.number, connection.remote, connection.local, bytes, start, end);
    });
    if (!readable) this.#end(connection, 'frame-too-long');
  }

  /** What a stranger brings has to look like a check, and there can be few of them. */
  #suspect(connection: Connection, bytes: Buffer, start: number, end: number): void {
    if (!looksLikeBindingRequest(bytes, start, end)) this.#end(connection, 'unclaimed-no-check');
    else if (++connection.unclaimedFrames > limits.tcpUnclaimedFramesMax) this.#end(connection, 'unclaimed-too-much');
  }

  /** The first reason counts. A connection that did something wrong is reset, so that the kernel keeps nothing of it either. */
  #end(connection: Connection, reason: TcpCloseReason): void {
    if (connection.ended !== undefined) return;
    connection.ended = reason;
    this.counters.closed[reason]++;
    this.#connections.delete(connection.number);
    this.#unclaimed.delete(connection);
    this.#deadlines.delete(connection);
    this.#setTimer();
    connection.deframer.end();
    if (reason === 'released' || reason === 'peer-closed') connection.socket.destroy();
    else connection.socket.resetAndDestroy();
  }

  #due(connection: Connection, atMs: number): void {
    this.#deadlines.set(connection, atMs);
    this.#setTimer();
  }

  #setTimer(): void {
    this.#timer.set(this.#deadlines.first()?.dueAtMs ?? Number.POSITIVE_INFINITY);
  }

  /** Frames move no deadline as they come: it is looked at again when it is there. */
  #timeout(nowMs: number): void {
    for (let due = this.#deadlines.first(); due !== undefined && due.dueAtMs <= nowMs; due = this.#deadlines.first()) {
      const silentAtMs = due.heardAtMs + limits.sideSilentMsMax;
      if (due.claimed && silentAtMs > nowMs) this.#deadlines.set(due, silentAtMs);
      else this.#end(due, due.claimed ? 'silent' : 'unclaimed');
    }
    this.#setTimer();
  }
}

/** Undefined for an end that is gone already. */
function place(host: string | undefined, port: number | undefined): Place | undefined {
  const canonical = canonicalHost(host ?? '');
  return canonical === undefined || port === undefined ? undefined : { host: canonical, port };
}
