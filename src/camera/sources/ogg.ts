import { limits } from '../../base/index.ts';
import { ByteQueue, MalformedStream, type StreamReader } from './byte-queue.ts';
import type { SoundPacket } from './media.ts';
import { opusSamples } from './opus.ts';

const pageHeaderBytes = 27;

/** Reads the packets of an Ogg stream of Opus (RFC 3533, RFC 7845), without its two headers. */
export function createOggReader(packet: (packet: SoundPacket) => void): StreamReader {
  const queue = new ByteQueue();
  let pieces: Buffer[] = [];
  let pieceBytes = 0;
  let headersToCome = 2;

  function dropPieces(): void {
    pieces = [];
    pieceBytes = 0;
  }

  function finish(): void {
    const data = Buffer.concat(pieces);
    dropPieces();
    if (headersToCome > 0) {
      const expected = headersToCome === 2 ? 'OpusHead' : 'OpusTags';
      if (data.toString('latin1', 0, 8) !== expected) throw new MalformedStream('not Opus in Ogg');
      headersToCome -= 1;
      return;
    }
    const samples = opusSamples(data);
    if (samples !== undefined) packet({ data, samples });
  }

  function readPage(): boolean {
    const fixed = queue.peek(pageHeaderBytes);
    if (fixed === undefined) return false;
    if (fixed.toString('latin1', 0, 4) !== 'OggS' || fixed[4] !== 0) throw new MalformedStream('not an Ogg page');
    const segments = fixed[26] ?? 0;
    const lacing = queue.peek(pageHeaderBytes + segments)?.subarray(pageHeaderBytes);
    if (lacing === undefined) return false;
    const bodyBytes = lacing.reduce((sum, length) => sum + length, 0);
    const page = queue.take(pageHeaderBytes + segments + bodyBytes);
    if (page === undefined) return false;
    const continues = ((page[5] ?? 0) & 1) === 1;
    if (!continues) dropPieces();
    let at = pageHeaderBytes + segments;
    for (const length of lacing) {
      pieces.push(page.subarray(at, at + length));
      pieceBytes += length;
      if (pieceBytes > packetBytesMax()) throw new MalformedStream('Ogg packet length');
      at += length;
      if (length < 255) finish();
    }
    return true;
  }

  /** The comment header may hold a picture; a packet of sound may not. */
  function packetBytesMax(): number {
    return headersToCome > 0 ? limits.frameBytesMax : limits.soundPacketBytesMax;
  }

  return {
    push(chunk) {
      queue.push(chunk);
      while (readPage());
    },
  };
}
