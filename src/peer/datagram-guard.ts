import { limits } from '../base/index.ts';

/**
 * Why a datagram was dropped before werift saw it: it does not come from the relay; it is of no class that WebRTC uses
 * (RFC 7983); it holds a DTLS record that is not whole; or a DTLS handshake message that declares too much, or comes at
 * the wrong time.
 */
export const dropReasons = ['source', 'class', 'record', 'handshake'] as const;
export type DropReason = (typeof dropReasons)[number];

/** Stands between the UDP socket and werift, which takes datagrams from anywhere and believes any declared length. */
export interface DatagramGuard {
  /** From here on, datagrams of these addresses are taken, and of no others. Before it, none are. */
  allow(sources: readonly { readonly host: string; readonly port: number }[]): void;
  /** DTLS is done: a new handshake in the clear is no longer taken. */
  established(): void;
  /** Undefined lets the datagram pass. Never throws. */
  judge(datagram: Buffer, host: string, port: number): DropReason | undefined;
}

const recordHeaderBytes = 13;
const messageHeaderBytes = 12;
const handshakeRecord = 22;
const clientHello = 1;

export function createDatagramGuard(): DatagramGuard {
  let sources = new Set<string>();
  let handshakeBytes = 0;
  let done = false;

  /** Walks the messages of a handshake record in the clear (RFC 6347 section 4.2.2). */
  function judgeHandshake(record: Buffer): DropReason | undefined {
    let at = 0;
    while (at < record.length) {
      if (record.length - at < messageHeaderBytes) return 'handshake';
      const length = record.readUIntBE(at + 1, 3);
      const fragmentOffset = record.readUIntBE(at + 6, 3);
      const fragmentLength = record.readUIntBE(at + 9, 3);
      if (length > limits.handshakeMessageBytesMax) return 'handshake';
      if (fragmentOffset + fragmentLength > length) return 'handshake';
      if (at + messageHeaderBytes + fragmentLength > record.length) return 'handshake';
      if (done && record[at] === clientHello) return 'handshake';
      at += messageHeaderBytes + fragmentLength;
    }
    return undefined;
  }

  function judgeDtls(datagram: Buffer): DropReason | undefined {
    let at = 0;
    while (at < datagram.length) {
      if (datagram.length - at < recordHeaderBytes) return 'record';
      const epoch = datagram.readUInt16BE(at + 3);
      const end = at + recordHeaderBytes + datagram.readUInt16BE(at + 11);
      if (end > datagram.length) return 'record';
      if (datagram[at] === handshakeRecord && epoch === 0) {
        const refused = judgeHandshake(datagram.subarray(at + recordHeaderBytes, end));
        if (refused !== undefined) return refused;
      }
      at = end;
    }
    if (!done) handshakeBytes += datagram.length;
    return handshakeBytes > limits.handshakeBytesMax ? 'handshake' : undefined;
  }

  return {
    allow(addresses) {
      sources = new Set(addresses.map(({ host, port }) => sourceKey(host, port)));
    },
    established() {
      done = true;
      handshakeBytes = 0;
    },
    judge(datagram, host, port) {
      if (!sources.has(sourceKey(host, port))) return 'source';
      const first = datagram[0];
      if (first === undefined) return 'class';
      if (first <= 3 || (first >= 128 && first <= 191)) return undefined;
      return first >= 20 && first <= 63 ? judgeDtls(datagram) : 'class';
    },
  };
}

/** An IPv4 address that arrives on an IPv6 socket is the same address. */
function sourceKey(host: string, port: number): string {
  const plain = host.toLowerCase().split('%')[0] ?? '';
  return `${plain.startsWith('::ffff:') && plain.includes('.') ? plain.slice(7) : plain}|${port}`;
}
