export interface Vp8Header {
  readonly key: boolean;
  /** Of key frames alone; without the scaling bits. */
  readonly width: number | undefined;
  readonly height: number | undefined;
}

/** Reads the uncompressed data chunk at the head of a VP8 frame (RFC 6386 section 9.1); undefined where it is cut short. */
export function readVp8Header(frame: Buffer): Vp8Header | undefined {
  const first = frame[0];
  if (first === undefined || frame.length < 3) return undefined;
  if ((first & 1) === 1) return { key: false, width: undefined, height: undefined };
  if (frame.length < 10 || frame.readUIntBE(3, 3) !== 0x9d012a) return undefined;
  return { key: true, width: frame.readUInt16LE(6) & 0x3fff, height: frame.readUInt16LE(8) & 0x3fff };
}
