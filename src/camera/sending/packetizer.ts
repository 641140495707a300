import { H264Packetizer } from 'werift';
import { limits } from '../../base/index.ts';
import { joinNals, nalType, nalTypes, splitNals, type VideoCodec } from '../../peer/index.ts';

/** Cuts one picture into the payloads of its RTP packets, in order; empty where nothing of it is worth sending. */
export type Packetizer = (picture: Buffer, key: boolean) => Buffer[];

export function createPacketizer(codec: VideoCodec): Packetizer {
  return codec === 'H264' ? createH264Packetizer() : packetizeVp8;
}

const notSent: ReadonlySet<number> = new Set([nalTypes.sei, nalTypes.delimiter, nalTypes.filler]);

/** RFC 6184, packetization mode 1. Each key frame goes with its parameter sets, whether or not the source repeats them. */
function createH264Packetizer(): Packetizer {
  const packetizer = new H264Packetizer({ maxPayloadSize: limits.rtpPayloadBytesMax, inputFormat: 'annexb' });
  const known = new Map<number, Buffer>();
  return (picture, key) => {
    const nals = splitNals(picture).filter((nal) => !notSent.has(nalType(nal)) && nal.length > 1);
    for (const nal of nals) {
      const type = nalType(nal);
      if (type === nalTypes.sps || type === nalTypes.pps) known.set(type, Buffer.from(nal));
    }
    const missing = [nalTypes.sps, nalTypes.pps].flatMap((type) => {
      const set = known.get(type);
      return key && set !== undefined && !nals.some((nal) => nalType(nal) === type) ? [set] : [];
    });
    return packetizer.packetize(joinNals([...missing, ...nals]), 0).map(({ payload }) => payload);
  };
}

/**
 * RFC 7741, with the one-byte payload descriptor. There is no picture id: a viewer that asks for a key frame is sent
 * pictures for a second time, and then ids would repeat.
 */
function packetizeVp8(picture: Buffer): Buffer[] {
  const payloads: Buffer[] = [];
  const pieceBytes = limits.rtpPayloadBytesMax - 1;
  for (let at = 0; at < picture.length; at += pieceBytes) {
    payloads.push(Buffer.concat([at === 0 ? firstDescriptor : laterDescriptor, picture.subarray(at, at + pieceBytes)]));
  }
  return payloads;
}

/** The S bit says that a partition begins. */
const firstDescriptor = Buffer.from([0x10]);
const laterDescriptor = Buffer.from([0x00]);
