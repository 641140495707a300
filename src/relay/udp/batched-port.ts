import assert from 'node:assert/strict';
import { LatchkeyError, limits } from '../../base/index.ts';
import { type Datagram, pathWords } from '../wire/path.ts';
import {
  BatchMemory,
  batchMessages,
  batchVectors,
  pathStep,
  scratchAt,
  spareMessage,
  spareVector,
} from './batch-memory.ts';
import { errorName, type Libc } from './libc.ts';
import {
  countPort,
  countSendFault,
  type PortCells,
  portCell,
  type ReceiveDatagram,
  type ReceiveRun,
  type SendFault,
} from './port.ts';
import type { UdpSocket } from './udp-socket.ts';

/** So many messages have come, from the places whose words begin at `words[at]`, each `step` words behind the one before. */
export type Begin = (words: Uint32Array, at: number, step: number, count: number) => void;

/**
 * Moves many datagrams with one system call each way. `turn` waits for datagrams and hands each one on; what is sent meanwhile
 * gathers, and leaves when the batch has been handed on. Datagrams that lie in the port's own memory are sent from where they lie,
 * and a run of equal-sized ones to one place leaves as one message that the kernel cuts up (UDP_SEGMENT).
 *
 * It belongs to one thread. It does not own its socket: who opened that closes it.
 */
export class BatchedPort {
  readonly #libc: Libc;
  readonly #socket: UdpSocket;
  readonly #cells: PortCells;
  readonly #batch: BatchMemory;
  readonly #datagram: Datagram;
  /** Of each message that has gathered how many datagrams it is, how long they are, and which of its pieces is the first. */
  readonly #counts = new Int32Array(batchMessages);
  readonly #sizes = new Int32Array(batchMessages);
  readonly #firsts = new Int32Array(batchMessages);
  #messages = 0;
  #pieces = 0;
  #copied = 0;
  /** The run that the last message is: where to, how long its datagrams are and all of it, where it ends, whether more may follow. */
  readonly #runTo = new Uint32Array(pathWords);
  #runBytes = 0;
  #runTotal = 0;
  #runEnd = 0;
  #runOpen = false;
  #segments: boolean;
  /** Whether a full buffer has been waited for since the last flush began, and what was wrong with the message last refused. */
  #waited = false;
  #fault = '';
  #turning = false;
  #closed = false;

  constructor(libc: Libc, socket: UdpSocket, cells: PortCells) {
    this.#libc = libc;
    this.#socket = socket;
    this.#cells = cells;
    this.#batch = new BatchMemory(libc.address);
    this.#segments = socket.segments;
    const { memory, words } = this.#batch;
    this.#datagram = { path: words, pathAt: 0, bytes: memory, start: 0, end: 0 };
  }

  /**
   * Receives up to `limits.batchMessagesMax` messages and hands on each datagram in them; then sends what has gathered. With
   * `wait` it waits for the first one, `limits.receiveWaitMs` at most. `begin` is called when the messages are there, before the first
   * is handed on, and told where their paths lie. What the kernel has joined goes to `receiveRun` as it came, where there is one. Returns how many there were. Throws when the socket is none any more, and what `begin` and `receive` throw.
   */
  turn(wait: boolean, begin: Begin, receive: ReceiveDatagram, receiveRun?: ReceiveRun): number {
    assert(!this.#turning, 'a turn within a turn would write over the datagrams at hand');
    if (this.#closed) return 0;
    const flags = wait ? MSG_WAITFORONE : MSG_DONTWAIT;
    const count = this.#libc.recvmmsg(this.#socket.descriptor, this.#batch.received, batchMessages, flags);
    if (count <= 0) {
      if (count < 0) this.#receiveFailed();
      return 0;
    }
    countPort(this.#cells, portCell.receiveCalls);
    this.#turning = true;
    try {
      begin(this.#batch.words, this.#batch.pathAt(0), pathStep, count);
      for (let index = 0; index < count; index++) this.#handOn(index, receive, receiveRun);
    } finally {
      // What has gathered lies where the next turn receives: it leaves now, whatever was thrown.
      this.#turning = false;
      this.#batch.rearm(count);
      this.flush();
    }
    return count;
  }

  /** As `UdpPort.send`. What is sent outside of `turn` leaves with `flush`. */
  send(to: Uint32Array, toAt: number, bytes: Buffer, start: number, end: number, step = end - start): void {
    if (step < end - start) {
      this.#sendRun(to, toAt, bytes, start, end, step);
      return;
    }
    assert(start >= 0 && start <= end && end <= bytes.length, 'a datagram lies in its buffer');
    const length = end - start;
    if (this.#closed || length > limits.datagramBytesMax) {
      countSendFault(this.#cells, this.#closed ? 'closed' : 'too-large');
      return;
    }
    const at = bytes === this.#batch.memory ? start : this.#copy(bytes, start, end);
    if (this.#joins(to, toAt, length)) this.#join(at, length);
    else this.#begin(to, toAt, at, length);
  }

  /** A run that lies in the port's own memory and may leave as one message does so; any other is sent one by one. */
  #sendRun(to: Uint32Array, toAt: number, bytes: Buffer, start: number, end: number, step: number): void {
    const count = Math.ceil((end - start) / step);
    const whole =
      bytes === this.#batch.memory &&
      !this.#closed &&
      this.#segments &&
      step <= limits.segmentBytesMax &&
      count <= limits.segmentsPerMessageMax &&
      end - start <= limits.datagramBytesMax;
    if (!whole) {
      for (let at = start; at < end; at += step) this.send(to, toAt, bytes, at, Math.min(at + step, end));
      return;
    }
    this.#begin(to, toAt, start, step);
    const index = this.#messages - 1;
    this.#batch.segment(index, step);
    this.#batch.lengthen(this.#pieces - 1, end - start - step);
    this.#counts[index] = count;
    this.#runEnd = end;
    this.#runTotal = end - start;
    this.#runOpen = this.#runTotal === count * step;
  }

  /** Sends what has gathered. */
  flush(): void {
    const count = this.#messages;
    let next = 0;
    this.#waited = false;
    while (next < count) {
      const sent = this.#send(next, count - next);
      next += sent;
      if (sent > 0) continue;
      // The rest has come too fast.
      if (this.#fault === 'EAGAIN') break;
      if (!this.#sendApart(next)) this.#failed(next);
      next++;
    }
    for (; next < count; next++) this.#failed(next);
    this.#messages = 0;
    this.#pieces = 0;
    this.#copied = 0;
    this.#runOpen = false;
  }

  /** Sends what has gathered; from here on nothing is sent or received. */
  close(): void {
    if (!this.#closed) this.flush();
    this.#closed = true;
  }

  #handOn(index: number, receive: ReceiveDatagram, receiveRun: ReceiveRun | undefined): void {
    if (this.#closed) return;
    const batch = this.#batch;
    const datagram = this.#datagram;
    batch.readControl(index);
    if (batch.kernelDrops >= 0) this.#cells[portCell.kernelDrops] = batch.kernelDrops;
    const pathAt = batch.pathAt(index);
    if (batch.isTruncated(index) || (batch.words[pathAt] ?? 0) >>> 16 === 0) {
      countPort(this.#cells, portCell.receiveErrors);
      return;
    }
    if (this.#socket.isWake(batch.words, pathAt)) return;
    let start = batch.payloadAt(index);
    const end = start + batch.receivedBytes(index);
    const step = batch.segmentBytes > 0 ? batch.segmentBytes : end - start;
    if (receiveRun !== undefined && step < end - start) {
      datagram.pathAt = pathAt;
      datagram.start = start;
      datagram.end = end;
      receiveRun(datagram, step);
      return;
    }
    do {
      datagram.pathAt = pathAt;
      datagram.start = start;
      datagram.end = Math.min(start + step, end);
      receive(datagram);
      start += step;
    } while (start < end && !this.#closed);
  }

  #joins(to: Uint32Array, toAt: number, length: number): boolean {
    return (
      this.#runOpen &&
      this.#isRunTo(to, toAt) &&
      // The kernel cuts up bytes: an empty datagram among them would be none.
      length > 0 &&
      length <= this.#runBytes &&
      (this.#counts[this.#messages - 1] ?? 0) < limits.segmentsPerMessageMax &&
      this.#runTotal + length <= limits.datagramBytesMax &&
      this.#pieces < batchVectors
    );
  }

  #isRunTo(to: Uint32Array, toAt: number): boolean {
    for (let word = 0; word < pathWords; word++) if (to[toAt + word] !== this.#runTo[word]) return false;
    return true;
  }

  #join(at: number, length: number): void {
    const index = this.#messages - 1;
    const count = this.#counts[index] ?? 0;
    if (count === 1) this.#batch.segment(index, this.#runBytes);
    if (at === this.#runEnd) this.#batch.lengthen(this.#pieces - 1, length);
    else this.#batch.place(index, this.#pieces++, at, length);
    this.#counts[index] = count + 1;
    this.#runEnd = at + length;
    this.#runTotal += length;
    // Only the last datagram of a message may be shorter than the others.
    if (length < this.#runBytes) this.#runOpen = false;
  }

  #begin(to: Uint32Array, toAt: number, at: number, length: number): void {
    if (this.#messages >= batchMessages || this.#pieces >= batchVectors) {
      const copied = this.#copied;
      this.flush();
      // The datagram at hand may lie among the copies: they are kept until it is gone.
      this.#copied = copied;
    }
    const index = this.#messages;
    this.#batch.begin(index, to, toAt, this.#pieces);
    this.#batch.place(index, this.#pieces, at, length);
    this.#counts[index] = 1;
    this.#sizes[index] = length;
    this.#firsts[index] = this.#pieces;
    this.#messages++;
    this.#pieces++;
    for (let word = 0; word < pathWords; word++) this.#runTo[word] = to[toAt + word] ?? 0;
    this.#runBytes = length;
    this.#runTotal = length;
    this.#runEnd = at + length;
    this.#runOpen = this.#segments && length <= limits.segmentBytesMax;
  }

  #copy(bytes: Buffer, start: number, end: number): number {
    if (this.#copied + end - start > limits.batchCopiesBytesMax) this.flush();
    const at = scratchAt + this.#copied;
    bytes.copy(this.#batch.memory, at, start, end);
    this.#copied += end - start;
    return at;
  }

  /**
   * Sends the datagrams of a message that the kernel would not cut up one by one: they are larger than the road to that place
   * takes whole, or the device cannot do it. Returns whether it was such a message.
   */
  #sendApart(index: number): boolean {
    if ((this.#counts[index] ?? 0) < 2 || !notCutUp.has(this.#fault)) return false;
    if (this.#fault === 'EIO') this.#segments = false;
    const batch = this.#batch;
    const step = this.#sizes[index] ?? 0;
    const last = index + 1 < this.#messages ? (this.#firsts[index + 1] ?? 0) : this.#pieces;
    for (let piece = this.#firsts[index] ?? 0; piece < last; piece++) {
      const end = batch.pieceEnd(piece);
      for (let at = batch.pieceStart(piece); at < end; at += step) {
        batch.beginSpare(index);
        batch.place(spareMessage, spareVector, at, Math.min(step, end - at));
        if (this.#send(spareMessage, 1) === 0) countSendFault(this.#cells, faultOf(this.#fault));
      }
    }
    return true;
  }

  /**
   * Sends some of the messages from `first` on and returns how many; 0 when the first one is refused, and `#fault` says why. A
   * full buffer of the kernel gets the time that SO_SNDTIMEO gives it, once in a flush.
   */
  #send(first: number, count: number): number {
    let waits = false;
    for (;;) {
      countPort(this.#cells, portCell.sendCalls);
      const at = this.#batch.sentAt(first);
      const sent = this.#libc.sendmmsg(this.#socket.descriptor, at, waits ? 1 : count, waits ? 0 : MSG_DONTWAIT);
      if (sent > 0) return sent;
      this.#fault = errorName(this.#libc.errno());
      if (this.#fault === 'EINTR') continue;
      if (this.#fault !== 'EAGAIN' || this.#waited) return 0;
      this.#waited = true;
      waits = true;
    }
  }

  #failed(index: number): void {
    countSendFault(this.#cells, faultOf(this.#fault), this.#counts[index]);
  }

  #receiveFailed(): void {
    const name = errorName(this.#libc.errno());
    if (name === 'EAGAIN' || name === 'EINTR') return;
    countPort(this.#cells, portCell.receiveErrors);
    if (['EBADF', 'ENOTSOCK', 'EFAULT', 'EINVAL', 'ENOSYS', 'EPERM'].includes(name)) {
      throw new LatchkeyError('internal', `recvmmsg: ${name}`);
    }
  }
}

const MSG_DONTWAIT = 0x40;
const MSG_WAITFORONE = 0x10000;
const notCutUp: ReadonlySet<string> = new Set(['EINVAL', 'EMSGSIZE', 'EIO']);

const faults = new Map<string, SendFault>([
  ['ENETUNREACH', 'unreachable'],
  ['EHOSTUNREACH', 'unreachable'],
  ['EADDRNOTAVAIL', 'unreachable'],
  ['EAFNOSUPPORT', 'unreachable'],
  ['EINVAL', 'unreachable'],
  ['EPERM', 'denied'],
  ['EACCES', 'denied'],
  ['EAGAIN', 'full'],
  ['ENOBUFS', 'full'],
  ['ENOMEM', 'full'],
  ['EMSGSIZE', 'too-large'],
  ['EBADF', 'closed'],
]);

function faultOf(name: string): SendFault {
  return faults.get(name) ?? 'other';
}
