import { limits } from '../../base/index.ts';
import { joinNals, nalType, nalTypes } from '../../peer/index.ts';
import { ByteQueue, MalformedStream, type StreamReader } from './byte-queue.ts';
import type { EncodedFrame } from './media.ts';

const fileHeaderBytes = 9;
const tagHeaderBytes = 11;
const backPointerBytes = 4;
const videoTag = 9;
const avc = 7;

/**
 * Reads H.264 in an FLV container (Adobe Flash Video File Format 10.1, annex E). It is what ffmpeg gives a picture its
 * end and its time in: of a bare Annex B stream, a picture's end is known only when the next one begins.
 */
export function createFlvReader(frame: (frame: EncodedFrame) => void): StreamReader {
  const queue = new ByteQueue();
  let begun = false;
  let parameterSets: Buffer[] = [];

  function readHeader(): boolean {
    const header = queue.peek(fileHeaderBytes);
    if (header === undefined) return false;
    if (header.toString('latin1', 0, 3) !== 'FLV') throw new MalformedStream('not an FLV file');
    const headerBytes = header.readUInt32BE(5);
    if (headerBytes < fileHeaderBytes || headerBytes > 1024) throw new MalformedStream('FLV header length');
    return queue.take(headerBytes + backPointerBytes) !== undefined;
  }

  function readTag(tag: Buffer): void {
    const body = tag.subarray(tagHeaderBytes, tag.length - backPointerBytes);
    if (tag[0] !== videoTag || body.length < 5 || ((body[0] ?? 0) & 0x0f) !== avc) return;
    const payload = body.subarray(5);
    if (body[1] === 0) parameterSets = readParameterSets(payload);
    if (body[1] !== 1) return;
    const nals = readNals(payload);
    if (nals.length === 0) return;
    const key = nals.some((nal) => nalType(nal) === nalTypes.idr);
    const complete = key && !nals.some((nal) => nalType(nal) === nalTypes.sps) ? [...parameterSets, ...nals] : nals;
    const decodedAtMs = tag.readUIntBE(4, 3) + (tag[7] ?? 0) * 2 ** 24;
    frame({ key, data: joinNals(complete), atMs: Math.max(0, decodedAtMs + body.readIntBE(2, 3)) });
  }

  return {
    push(chunk) {
      queue.push(chunk);
      begun ||= readHeader();
      while (begun) {
        const header = queue.peek(tagHeaderBytes);
        if (header === undefined) return;
        const bodyBytes = header.readUIntBE(1, 3);
        if (bodyBytes > limits.frameBytesMax) throw new MalformedStream('FLV tag length');
        const tag = queue.take(tagHeaderBytes + bodyBytes + backPointerBytes);
        if (tag === undefined) return;
        readTag(tag);
      }
    },
  };
}

/** NAL units behind lengths of four bytes, as ffmpeg writes them. */
function readNals(payload: Buffer): Buffer[] {
  const nals: Buffer[] = [];
  let at = 0;
  while (at + 4 <= payload.length) {
    const length = payload.readUInt32BE(at);
    if (length > payload.length - at - 4) throw new MalformedStream('NAL unit length');
    if (length > 0) nals.push(Buffer.from(payload.subarray(at + 4, at + 4 + length)));
    at += 4 + length;
  }
  return nals;
}

/** The parameter sets of an AVCDecoderConfigurationRecord (ISO/IEC 14496-15 section 5.3.3.1). */
function readParameterSets(record: Buffer): Buffer[] {
  const sets: Buffer[] = [];
  let at = 5;
  for (const mask of [0x1f, 0xff]) {
    let count = (record[at] ?? 0) & mask;
    at += 1;
    for (; count > 0; count -= 1) {
      if (at + 2 > record.length) throw new MalformedStream('parameter set length');
      const length = record.readUInt16BE(at);
      if (length > record.length - at - 2) throw new MalformedStream('parameter set length');
      sets.push(Buffer.from(record.subarray(at + 2, at + 2 + length)));
      at += 2 + length;
    }
  }
  return sets.filter((set) => set.length > 0);
}
