import { limits } from '../../base/index.ts';
import { readVp8Header } from '../../peer/index.ts';
import { ByteQueue, MalformedStream, type StreamReader } from './byte-queue.ts';
import type { EncodedFrame } from './media.ts';

const fileHeaderBytes = 32;
const frameHeaderBytes = 12;

/** Reads VP8 in an IVF container; each frame has its time in the file's own time base. */
export function createIvfReader(frame: (frame: EncodedFrame) => void): StreamReader {
  const queue = new ByteQueue();
  let msPerTick: number | undefined;

  function readHeader(): boolean {
    const header = queue.peek(fileHeaderBytes);
    if (header === undefined) return false;
    const headerBytes = header.readUInt16LE(6);
    if (header.toString('latin1', 0, 4) !== 'DKIF' || header.toString('latin1', 8, 12) !== 'VP80') {
      throw new MalformedStream('not an IVF file of VP8');
    }
    if (headerBytes < fileHeaderBytes || headerBytes > 1024) throw new MalformedStream('IVF header length');
    const rate = header.readUInt32LE(16);
    const scale = header.readUInt32LE(20);
    if (rate === 0 || scale === 0) throw new MalformedStream('IVF time base');
    if (queue.take(headerBytes) === undefined) return false;
    msPerTick = (1000 * scale) / rate;
    return true;
  }

  return {
    push(chunk) {
      queue.push(chunk);
      if (msPerTick === undefined && !readHeader()) return;
      for (;;) {
        const header = queue.peek(frameHeaderBytes);
        if (header === undefined) return;
        const size = header.readUInt32LE(0);
        const atMs = Number(header.readBigUInt64LE(4)) * (msPerTick ?? 0);
        if (size > limits.frameBytesMax) throw new MalformedStream('IVF frame length');
        if (queue.length < frameHeaderBytes + size) return;
        queue.take(frameHeaderBytes);
        const data = queue.take(size);
        const vp8 = data === undefined ? undefined : readVp8Header(data);
        if (data !== undefined && vp8 !== undefined) frame({ key: vp8.key, data: Buffer.from(data), atMs });
      }
    },
  };
}
