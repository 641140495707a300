import { randomBytes } from 'node:crypto';
import { createSocket, type Socket } from 'node:dgram';
import type { Secrets } from '../../src/storm/marks.ts';
import { stun, stunTypes } from '../relay/support/stun-messages.ts';

const checkEveryMs = 1_000;

/** Where a description sends its reader, by its first candidate of UDP. */
export function relayIn(description: string): { readonly host: string; readonly port: number } {
  const [, host = '', port = ''] = /^a=candidate:\S+ 1 udp \d+ (\S+) (\d+) typ/im.exec(description) ?? [];
  return { host, port: Number(port) };
}

export interface MediaEndParts {
  readonly own: Secrets;
  readonly peer: Secrets;
  readonly relay: { readonly host: string; readonly port: number };
  /** Whether it nominates (RFC 8445): the viewer does. */
  readonly nominates: boolean;
  /** The payload of an RTP packet that came. */
  received?(text: string): void;
}

/** One end of a live view on the network: it latches by checks with their integrity, answers those of the other end, and moves RTP in the clear. */
export class MediaEnd {
  readonly #parts: MediaEndParts;
  readonly #socket: Socket = createSocket('udp4');
  readonly #timers: NodeJS.Timeout[] = [];
  #sequence = 0;
  #open = false;

  constructor(parts: MediaEndParts) {
    this.#parts = parts;
    this.#socket.on('error', () => {});
    this.#socket.on('message', (datagram) => this.#take(datagram));
    this.#socket.bind(0, '127.0.0.1', () => {
      this.#open = true;
      this.#check();
      this.#timers.push(setInterval(() => this.#check(), checkEveryMs));
    });
  }

  /** Sends this text as the payload of an RTP packet, again and again. */
  say(text: string, everyMs: number): void {
    this.#timers.push(setInterval(() => this.#send(this.#packet(text)), everyMs));
  }

  close(): void {
    for (const timer of this.#timers.splice(0)) clearInterval(timer);
    if (this.#open) this.#socket.close();
    else this.#socket.once('listening', () => this.#socket.close());
    this.#open = false;
  }

  #check(): void {
    const { own, peer, nominates } = this.#parts;
    const username = `${peer.ufrag}:${own.ufrag}`;
    const check = { transaction: randomBytes(12), username, password: peer.password, useCandidate: nominates };
    this.#send(stun({ ...check, fingerprint: true }));
  }

  #take(datagram: Buffer): void {
    const first = datagram[0] ?? 0;
    if (first >= 128) this.#parts.received?.(datagram.toString('utf8', 12));
    if (first > 3 || datagram.readUInt16BE(0) !== stunTypes.request) return;
    const transaction = datagram.subarray(8, 20);
    this.#send(stun({ type: stunTypes.success, transaction, password: this.#parts.own.password, fingerprint: true }));
  }

  #packet(text: string): Buffer {
    const header = Buffer.alloc(12);
    header.writeUInt8(0x80, 0);
    header.writeUInt8(96, 1);
    header.writeUInt16BE(this.#sequence++ & 0xffff, 2);
    header.writeUInt32BE(this.#sequence * 3_000, 4);
    header.writeUInt32BE(7, 8);
    return Buffer.concat([header, Buffer.from(text)]);
  }

  #send(bytes: Buffer): void {
    const { host, port } = this.#parts.relay;
    if (this.#open) this.#socket.send(bytes, port, host, () => {});
  }
}
