import { randomBytes } from 'node:crypto';

/** The only source of randomness for Latchkey's code: handed in, so that a test can seed it. */
export interface RandomSource {
  /** `size` bytes that nobody can foretell. */
  bytes(size: number): Buffer;
  /** A number in [0, 1), for jitter. Not for secrets. */
  fraction(): number;
}

/** The operating system's cryptographic generator. */
export const systemRandom: RandomSource = {
  bytes: (size) => randomBytes(size),
  fraction: () => randomBytes(6).readUIntBE(0, 6) / 2 ** 48,
};
