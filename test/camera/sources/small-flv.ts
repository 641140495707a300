/** An FLV file of one key frame and one more, as ffmpeg writes it: parameters first, in a record of their own. */
export function flv(): Buffer {
  const record = Buffer.from('0142c01effe100046742c01e01000268ce', 'hex');
  const nal = (bytes: number[]) => Buffer.concat([Buffer.from([0, 0, 0, bytes.length]), Buffer.from(bytes)]);
  const tag = (ms: number, packetType: number, payload: Buffer) => {
    const body = Buffer.concat([Buffer.from([0x17, packetType, 0, 0, 0]), payload]);
    const header = Buffer.alloc(11);
    header[0] = 9;
    header.writeUIntBE(body.length, 1, 3);
    header.writeUIntBE(ms & 0xffffff, 4, 3);
    header[7] = ms >>> 24;
    return Buffer.concat([header, body, Buffer.alloc(4)]);
  };
  const head = Buffer.concat([Buffer.from('FLV\x01\x01', 'latin1'), Buffer.from([0, 0, 0, 9]), Buffer.alloc(4)]);
  return Buffer.concat([head, tag(0, 0, record), tag(0, 1, nal([0x65, 0x88])), tag(0x1000042, 1, nal([0x41, 0x9a]))]);
}
