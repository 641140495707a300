import { BitReader } from './bit-reader.ts';

export const nalTypes = { slice: 1, idr: 5, sei: 6, sps: 7, pps: 8, delimiter: 9, filler: 12 } as const;

export const startCode: Buffer = Buffer.from([0, 0, 0, 1]);

/** The type of a NAL unit (ITU-T H.264 table 7-1), or 0 of an empty one. */
export function nalType(nal: Buffer): number {
  return (nal[0] ?? 0) & 0x1f;
}

/** The NAL units of an Annex B byte stream, without their start codes; what comes before the first is left out. */
export function splitNals(stream: Buffer): Buffer[] {
  const nals: Buffer[] = [];
  let begin = -1;
  let at = stream.indexOf(shortStartCode);
  while (at !== -1) {
    if (begin !== -1) pushTrimmed(nals, stream.subarray(begin, at));
    begin = at + shortStartCode.length;
    at = stream.indexOf(shortStartCode, begin);
  }
  if (begin !== -1) pushTrimmed(nals, stream.subarray(begin));
  return nals;
}

/** Writes NAL units as an Annex B byte stream. */
export function joinNals(nals: readonly Buffer[]): Buffer {
  return Buffer.concat(nals.flatMap((nal) => [startCode, nal]));
}

/** Whether a coded slice begins a new picture: `first_mb_in_slice` is 0, which Exp-Golomb writes as a single 1 bit. */
export function beginsPicture(slice: Buffer): boolean {
  return ((slice[1] ?? 0) & 0x80) !== 0;
}

export interface SequenceParameters {
  readonly width: number;
  readonly height: number;
  /** From the timing in the VUI, where there is one. */
  readonly framesPerSecond: number | undefined;
}

/** Reads a sequence parameter set (section 7.3.2.1.1); undefined where it is cut short or makes no sense. */
export function readSequenceParameters(sps: Buffer): SequenceParameters | undefined {
  const bits = new BitReader(withoutEmulation(sps.subarray(1)));
  const profile = bits.read(8);
  bits.skip(16);
  bits.exponential();
  const chroma = highProfiles.has(profile) ? readHighProfile(bits) : 1;
  if (chroma === undefined) return undefined;
  bits.exponential();
  const orderType = bits.exponential();
  if (orderType === 0) bits.exponential();
  if (orderType === 1) skipOrderCycle(bits);
  bits.exponential();
  bits.skip(1);
  const widthInBlocks = bits.exponential() + 1;
  const heightInUnits = bits.exponential() + 1;
  const fieldsOnly = bits.read(1) === 1;
  if (!fieldsOnly) bits.skip(1);
  bits.skip(1);
  const cropped = bits.read(1) === 1;
  const [left, right, top, bottom] = cropped
    ? [bits.exponential(), bits.exponential(), bits.exponential(), bits.exponential()]
    : [0, 0, 0, 0];
  const unitX = chroma === 1 || chroma === 2 ? 2 : 1;
  const unitY = (chroma === 1 ? 2 : 1) * (fieldsOnly ? 1 : 2);
  const width = widthInBlocks * 16 - (left + right) * unitX;
  const height = heightInUnits * 16 * (fieldsOnly ? 1 : 2) - (top + bottom) * unitY;
  if (bits.exhausted || !(width > 0 && width <= 16_384 && height > 0 && height <= 16_384)) return undefined;
  return { width, height, framesPerSecond: bits.read(1) === 1 ? readTiming(bits) : undefined };
}

const shortStartCode = Buffer.from([0, 0, 1]);
const highProfiles = new Set([100, 110, 122, 244, 44, 83, 86, 118, 128, 138, 139, 134, 135]);

function pushTrimmed(nals: Buffer[], nal: Buffer): void {
  let end = nal.length;
  while (end > 0 && nal[end - 1] === 0) end -= 1;
  if (end > 0) nals.push(nal.subarray(0, end));
}

/** Takes out the emulation prevention bytes: the 3 of each 0 0 3 (section 7.4.1). */
function withoutEmulation(payload: Buffer): Buffer {
  let zeros = 0;
  return Buffer.from(
    payload.filter((byte) => {
      const prevention = byte === 3 && zeros >= 2;
      zeros = byte === 0 ? zeros + 1 : 0;
      return !prevention;
    }),
  );
}

function readHighProfile(bits: BitReader): number | undefined {
  const chroma = bits.exponential();
  if (chroma === 3) bits.skip(1);
  bits.exponential();
  bits.exponential();
  bits.skip(1);
  if (bits.read(1) === 1) {
    for (let list = 0; list < (chroma === 3 ? 12 : 8); list += 1) {
      if (bits.read(1) === 1) skipScalingList(bits, list < 6 ? 16 : 64);
    }
  }
  return chroma > 3 ? undefined : chroma;
}

function skipScalingList(bits: BitReader, size: number): void {
  let last = 8;
  let next = 8;
  for (let entry = 0; entry < size; entry += 1) {
    if (next !== 0) next = (last + bits.signedExponential() + 256) % 256;
    last = next === 0 ? last : next;
  }
}

function skipOrderCycle(bits: BitReader): void {
  bits.skip(1);
  bits.exponential();
  bits.exponential();
  const cycle = Math.min(bits.exponential(), 255);
  for (let entry = 0; entry < cycle; entry += 1) bits.exponential();
}

/** The video usability information up to its timing (annex E.1.1). */
function readTiming(bits: BitReader): number | undefined {
  if (bits.read(1) === 1 && bits.read(8) === 255) bits.skip(32);
  if (bits.read(1) === 1) bits.skip(1);
  if (bits.read(1) === 1) {
    bits.skip(4);
    if (bits.read(1) === 1) bits.skip(24);
  }
  if (bits.read(1) === 1) {
    bits.exponential();
    bits.exponential();
  }
  if (bits.read(1) === 0) return undefined;
  const unit = bits.read(32);
  const scale = bits.read(32);
  const framesPerSecond = unit === 0 ? 0 : scale / (2 * unit);
  return bits.exhausted || framesPerSecond < 1 || framesPerSecond > 240 ? undefined : framesPerSecond;
}
