const frameSamples = [
  [480, 960, 1920, 2880],
  [480, 960],
  [120, 240, 480, 960],
] as const;

/** How many 48 kHz samples an Opus packet holds, by its first bytes (RFC 6716 section 3.1); undefined of no packet, or of more than 120 ms. */
export function opusSamples(packet: Buffer): number | undefined {
  const toc = packet[0];
  if (toc === undefined) return undefined;
  const configuration = toc >> 3;
  const [silk, hybrid, celt] = frameSamples;
  const each =
    configuration < 12
      ? silk[configuration % 4]
      : configuration < 16
        ? hybrid[configuration % 2]
        : celt[configuration % 4];
  const code = toc & 3;
  const frames = code === 0 ? 1 : code < 3 ? 2 : (packet[1] ?? 0) & 0x3f;
  const samples = (each ?? 0) * frames;
  return samples > 0 && samples <= 5_760 ? samples : undefined;
}
