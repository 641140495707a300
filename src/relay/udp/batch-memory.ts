import assert from 'node:assert/strict';
import { endianness } from 'node:os';
import { limits } from '../../base/index.ts';
import { pathWords, remoteWords } from '../wire/path.ts';
import type { Address } from './libc.ts';

/**
 * The memory that the kernel reads and writes: `struct mmsghdr`, `iovec`, `sockaddr_in6`, control messages and datagrams, as
 * 64-bit Linux lays them out (`recvmmsg(2)`, `cmsg(3)`, `udp(7)`), for x64 and arm64 alike. All that is unsafe is in this file.
 *
 * Why it is safe nevertheless:
 * - It is one block, allocated once. Every address in it is the block's own plus an offset within it, and the kernel is given no
 *   other. The collector never moves the memory of an `ArrayBuffer`, and frees it only when nothing refers to it.
 * - This object refers to it, and whoever makes a system call with an address has this object: the port, for as long as it is
 *   open. A block that only the kernel still knew would be free for others to write to.
 * - The lengths that the kernel gets are constants of this file, or those of datagrams within the block, checked in `place`.
 * - What the kernel writes (lengths, control messages) is bounded by what it was given, and is read within these bounds.
 */
export class BatchMemory {
  /** All of it. The bytes of received datagrams lie in here, so `bytes === memory` says that a datagram need not be copied. */
  readonly memory: Buffer;
  /** The same as words, for paths. */
  readonly words: Uint32Array;
  readonly received: Address;
  /** Of each message to send, and the spare one, where its header lies. */
  readonly #sent: readonly Address[];
  /** What the control messages of the message last read said: the size of each datagram in it, 0 where it is one. */
  segmentBytes = 0;
  /** How many datagrams the kernel has dropped on this socket so far, modulo 2^32; -1 where the message did not say. */
  kernelDrops = -1;
  readonly #base: number;

  constructor(address: (memory: Uint8Array) => Address) {
    assert(endianness() === 'LE', 'numbers of 64 bits are written as two words, the lower first');
    this.memory = Buffer.from(new ArrayBuffer(layout.end));
    this.words = new Uint32Array(this.memory.buffer);
    const base = address(this.memory);
    assert(base % 8n === 0n, 'headers lie on eight bytes');
    assert(base + BigInt(layout.end) <= Number.MAX_SAFE_INTEGER, 'an address is a whole number');
    this.#base = Number(base);
    this.received = base + BigInt(layout.receiveHeaders);
    this.#sent = Array.from(
      { length: batchMessages + 1 },
      (_, index) => base + BigInt(layout.sendHeaders + index * headerBytes),
    );
    for (let index = 0; index < batchMessages; index++) this.#prepareReceive(index);
    for (let index = 0; index <= batchMessages; index++) this.#prepareSend(index);
  }

  /** The word at which the path of a received message begins. */
  pathAt(index: number): number {
    return (layout.receiveNames + index * nameBytes) >> 2;
  }

  /** Where the bytes of a received message begin. */
  payloadAt(index: number): number {
    return layout.payloads + index * payloadBytes;
  }

  receivedBytes(index: number): number {
    return this.#word(layout.receiveHeaders + index * headerBytes + header.messageBytes);
  }

  /** Whether the kernel had more to give than there was room for. */
  isTruncated(index: number): boolean {
    return (this.#word(layout.receiveHeaders + index * headerBytes + header.flags) & truncated) !== 0;
  }

  /** Reads the control messages of a received message into `segmentBytes`, `kernelDrops` and the local part of its path. */
  readControl(index: number): void {
    this.segmentBytes = 0;
    this.kernelDrops = -1;
    const local = this.pathAt(index) + remoteWords;
    for (let word = local; word < local + 4; word++) this.words[word] = 0;
    const from = layout.receiveControls + index * receiveControlBytes;
    const given = this.#word(layout.receiveHeaders + index * headerBytes + header.controlBytes);
    const end = from + Math.min(given, receiveControlBytes);
    for (let at = from; at + controlHead <= end; ) {
      const bytes = this.#word(at);
      if (bytes < controlHead || at + bytes > end) return;
      this.#control(this.#word(at + 8), this.#word(at + 12), at + controlHead, bytes - controlHead, local);
      at += align(bytes);
    }
  }

  /** Makes the first `count` receive headers ready again: the kernel has written into them how much it used. */
  rearm(count: number): void {
    for (let index = 0; index < count; index++) {
      const at = layout.receiveHeaders + index * headerBytes;
      this.#put(at + header.nameBytes, sockaddrBytes);
      this.#put(at + header.controlBytes, receiveControlBytes);
    }
  }

  /** Begins the send message `index` to the path whose words begin at `to[toAt]`, with its first piece at the vector entry `vector`. */
  begin(index: number, to: Uint32Array, toAt: number, vector: number): void {
    const at = layout.sendHeaders + index * headerBytes;
    const name = (layout.sendNames + index * sendNameBytes) >> 2;
    for (let word = 0; word < remoteWords; word++) this.words[name + word] = to[toAt + word] ?? 0;
    this.#point(at + header.vector, layout.sendVectors + vector * vectorBytes);
    this.#put(at + header.vectorCount, 0);
    const control = layout.sendControls + index * sendControlBytes;
    const local = toAt + remoteWords;
    if (((to[local] ?? 0) | (to[local + 1] ?? 0) | (to[local + 2] ?? 0) | (to[local + 3] ?? 0)) === 0) {
      this.#point(at + header.control, control + packetInfoBytes);
      this.#put(at + header.controlBytes, 0);
      return;
    }
    const info = (control + controlHead) >> 2;
    for (let word = 0; word < pathWords - remoteWords; word++) this.words[info + word] = to[local + word] ?? 0;
    this.#point(at + header.control, control);
    this.#put(at + header.controlBytes, packetInfoBytes);
  }

  /** Puts a piece of the block at the vector entry `vector`, as the next one of the message `index`. */
  place(index: number, vector: number, offset: number, bytes: number): void {
    assert(offset >= layout.payloads && bytes >= 0 && offset + bytes <= layout.end, 'a datagram lies in the block');
    const at = layout.sendVectors + vector * vectorBytes;
    this.#point(at, offset);
    this.#put(at + 8, bytes);
    const count = layout.sendHeaders + index * headerBytes + header.vectorCount;
    this.#put(count, this.#word(count) + 1);
  }

  /** Makes the piece at a vector entry longer: what follows it in the block is the next datagram. */
  lengthen(vector: number, bytes: number): void {
    const at = layout.sendVectors + vector * vectorBytes + 8;
    this.#put(at, this.#word(at) + bytes);
  }

  /** Has the kernel cut the message `index` into datagrams of `bytes` each, the last one of what is left (UDP_SEGMENT). */
  segment(index: number, bytes: number): void {
    const at = layout.sendHeaders + index * headerBytes + header.controlBytes;
    const control = layout.sendControls + index * sendControlBytes + packetInfoBytes;
    this.memory.writeUInt16LE(bytes, control + controlHead);
    this.#put(at, this.#word(at) + segmentInfoBytes);
  }

  /** Copies the path of the message `index` to the spare message, for a datagram that goes alone. */
  beginSpare(index: number): void {
    const [from, to] = [index, spareMessage].map((each) => layout.sendHeaders + each * headerBytes) as [number, number];
    this.memory.copyWithin(
      layout.sendNames + spareMessage * sendNameBytes,
      layout.sendNames + index * sendNameBytes,
      layout.sendNames + (index + 1) * sendNameBytes,
    );
    const hasInfo = this.#word(from + header.controlBytes) >= packetInfoBytes;
    const control = layout.sendControls + spareMessage * sendControlBytes;
    const source = layout.sendControls + index * sendControlBytes;
    this.memory.copyWithin(control, source, source + packetInfoBytes);
    this.#point(to + header.control, control);
    this.#put(to + header.controlBytes, hasInfo ? packetInfoBytes : 0);
    this.#point(to + header.vector, layout.sendVectors + spareVector * vectorBytes);
    this.#put(to + header.vectorCount, 0);
  }

  /** The header of a message to send. */
  sentAt(index: number): Address {
    return this.#sent[index] ?? 0n;
  }

  /** Where the piece at a vector entry begins in the block. */
  pieceStart(vector: number): number {
    const at = layout.sendVectors + vector * vectorBytes;
    return this.#word(at) + this.#word(at + 4) * 2 ** 32 - this.#base;
  }

  /** Where it ends. */
  pieceEnd(vector: number): number {
    return this.pieceStart(vector) + this.#word(layout.sendVectors + vector * vectorBytes + 8);
  }

  #control(level: number, type: number, data: number, bytes: number, local: number): void {
    if (level === SOL_UDP && type === UDP_GRO && bytes >= 4) this.segmentBytes = this.#word(data);
    else if (level === SOL_SOCKET && type === SO_RXQ_OVFL && bytes >= 4) this.kernelDrops = this.#word(data);
    else if (level === IPPROTO_IPV6 && type === IPV6_PKTINFO && bytes >= packetInfo) {
      for (let word = 0; word < 4; word++) this.words[local + word] = this.#word(data + 4 * word);
    }
  }

  #prepareReceive(index: number): void {
    const at = layout.receiveHeaders + index * headerBytes;
    const vector = layout.receiveVectors + index * vectorBytes;
    this.#point(at + header.name, layout.receiveNames + index * nameBytes);
    this.#point(at + header.vector, vector);
    this.#put(at + header.vectorCount, 1);
    this.#point(at + header.control, layout.receiveControls + index * receiveControlBytes);
    this.#point(vector, this.payloadAt(index));
    this.#put(vector + 8, payloadBytes);
    this.#put(at + header.nameBytes, sockaddrBytes);
    this.#put(at + header.controlBytes, receiveControlBytes);
  }

  #prepareSend(index: number): void {
    const at = layout.sendHeaders + index * headerBytes;
    this.#point(at + header.name, layout.sendNames + index * sendNameBytes);
    this.#put(at + header.nameBytes, sockaddrBytes);
    const control = layout.sendControls + index * sendControlBytes;
    this.#controlHead(control, controlHead + packetInfo, IPPROTO_IPV6, IPV6_PKTINFO);
    this.#controlHead(control + packetInfoBytes, controlHead + 2, SOL_UDP, UDP_SEGMENT);
  }

  #controlHead(at: number, bytes: number, level: number, type: number): void {
    this.#put(at, bytes);
    this.#put(at + 8, level);
    this.#put(at + 12, type);
  }

  #word(at: number): number {
    return this.words[at >> 2] ?? 0;
  }

  /** Writes a number below 2^32 into 32 bits; the upper half of a 64-bit field stays zero. */
  #put(at: number, value: number): void {
    this.words[at >> 2] = value;
  }

  /** Writes the address of an offset of the block. */
  #point(at: number, offset: number): void {
    const target = this.#base + offset;
    this.words[at >> 2] = target;
    this.words[(at >> 2) + 1] = target / 2 ** 32;
  }
}

/** How many messages one system call takes or gives. */
export const batchMessages = limits.batchMessagesMax;
/** How many pieces the messages of one call have in all. */
export const batchVectors = limits.batchPiecesMax;
/** The entries behind those of a batch, for a datagram that goes alone. */
export const spareMessage = batchMessages;
export const spareVector = batchVectors;

export const SOL_SOCKET = 1;
export const SO_RXQ_OVFL = 40;
export const SOL_UDP = 17;
export const UDP_SEGMENT = 103;
export const UDP_GRO = 104;
export const IPPROTO_IPV6 = 41;
export const IPV6_PKTINFO = 50;
export const sockaddrBytes = 28;

/** Fields of `struct mmsghdr`, by their offsets. */
const header = {
  name: 0,
  nameBytes: 8,
  vector: 16,
  vectorCount: 24,
  control: 32,
  controlBytes: 40,
  flags: 48,
  messageBytes: 56,
};
/** MSG_TRUNC and MSG_CTRUNC. */
const truncated = 0x28;
const headerBytes = 64;
const vectorBytes = 16;
const controlHead = 16;
/** A path, and one word that keeps the next one on eight bytes. */
export const pathStep = pathWords + 1;
const nameBytes = 4 * pathStep;
const sendNameBytes = 32;
/** Room for the drop count, the segment size and the local address, and some more than these take. */
const receiveControlBytes = 128;
/** `struct in6_pktinfo`: an address, and the number of an interface. */
const packetInfo = 20;
const packetInfoBytes = align(controlHead + packetInfo);
const segmentInfoBytes = align(controlHead + 2);
const sendControlBytes = packetInfoBytes + segmentInfoBytes;
const payloadBytes = 64 * 1024;

/** CMSG_ALIGN of 64-bit Linux. */
function align(bytes: number): number {
  return (bytes + 7) & ~7;
}

/** Where each part begins in the block, in bytes. */
const layout = (() => {
  let end = 0;
  const part = (bytes: number, count: number) => {
    const begin = end;
    end += bytes * count;
    return begin;
  };
  const parts = {
    receiveHeaders: part(headerBytes, batchMessages),
    receiveVectors: part(vectorBytes, batchMessages),
    receiveNames: part(nameBytes, batchMessages),
    receiveControls: part(receiveControlBytes, batchMessages),
    sendHeaders: part(headerBytes, batchMessages + 1),
    sendVectors: part(vectorBytes, batchVectors + 1),
    sendNames: part(sendNameBytes, batchMessages + 1),
    sendControls: part(sendControlBytes, batchMessages + 1),
    payloads: part(payloadBytes, batchMessages),
    scratch: part(limits.batchCopiesBytesMax, 1),
  };
  return { ...parts, end };
})();

/** Where copies go that do not lie in the block: `limits.batchCopiesBytesMax` bytes. */
export const scratchAt = layout.scratch;
