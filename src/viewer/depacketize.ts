import { joinNals, type VideoCodec } from '../peer/index.ts';

/** Puts the payloads of one picture's packets together; undefined where they are not one whole picture. */
export function depacketize(codec: VideoCodec, payloads: readonly Buffer[]): Buffer | undefined {
  return codec === 'H264' ? depacketizeH264(payloads) : depacketizeVp8(payloads);
}

const stapA = 24;
const fuA = 28;

/** RFC 6184: single NAL units, STAP-A and FU-A, which is what packetization mode 1 has. */
function depacketizeH264(payloads: readonly Buffer[]): Buffer | undefined {
  const nals: Buffer[] = [];
  let fragments: Buffer[] | undefined;
  for (const payload of payloads) {
    const indicator = payload[0];
    const type = (indicator ?? 0) & 0x1f;
    if (indicator === undefined || type === 0) return undefined;
    if (type === fuA) {
      const header = payload[1] ?? 0;
      if ((header & 0x80) !== 0) fragments = [Buffer.from([(indicator & 0xe0) | (header & 0x1f)])];
      if (fragments === undefined) return undefined;
      fragments.push(payload.subarray(2));
      if ((header & 0x40) === 0) continue;
      nals.push(Buffer.concat(fragments));
    } else if (fragments !== undefined) {
      return undefined;
    } else if (type < stapA) {
      nals.push(payload);
    } else if (type !== stapA || !takeAggregate(payload, nals)) {
      return undefined;
    }
    fragments = undefined;
  }
  return fragments === undefined && nals.length > 0 ? joinNals(nals) : undefined;
}

function takeAggregate(payload: Buffer, nals: Buffer[]): boolean {
  let at = 1;
  while (at + 2 <= payload.length) {
    const end = at + 2 + payload.readUInt16BE(at);
    if (end > payload.length) return false;
    if (end > at + 2) nals.push(payload.subarray(at + 2, end));
    at = end;
  }
  return at === payload.length;
}

/** RFC 7741 section 4.2: the payload descriptor goes, the picture stays. */
function depacketizeVp8(payloads: readonly Buffer[]): Buffer | undefined {
  const pieces: Buffer[] = [];
  for (const [index, payload] of payloads.entries()) {
    const size = descriptorBytes(payload);
    if (size > payload.length) return undefined;
    const begins = ((payload[0] ?? 0) & 0x17) === 0x10;
    if (index === 0 && !begins) return undefined;
    pieces.push(payload.subarray(size));
  }
  return Buffer.concat(pieces);
}

function descriptorBytes(payload: Buffer): number {
  if (((payload[0] ?? 0) & 0x80) === 0) return 1;
  const extension = payload[1] ?? 0;
  const pictureId = (extension & 0x80) === 0 ? 0 : ((payload[2] ?? 0) & 0x80) === 0 ? 1 : 2;
  const level = (extension & 0x40) === 0 ? 0 : 1;
  const layerOrKey = (extension & 0x30) === 0 ? 0 : 1;
  return 2 + pictureId + level + layerOrKey;
}
