/** Reads bits, most significant first. Past the end it reads zeros and says so in `exhausted`: it never throws. */
export class BitReader {
  readonly #bytes: Buffer;
  #at = 0;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  get exhausted(): boolean {
    return this.#at > this.#bytes.length * 8;
  }

  /** An unsigned number of `count` bits, 0 to 32. */
  read(count: number): number {
    let value = 0;
    for (let bit = 0; bit < count; bit += 1) {
      const byte = this.#bytes[this.#at >> 3] ?? 0;
      value = value * 2 + ((byte >> (7 - (this.#at & 7))) & 1);
      this.#at += 1;
    }
    return value;
  }

  skip(count: number): void {
    this.#at += count;
  }

  /** An Exp-Golomb code `ue(v)` (ITU-T H.264 section 9.1) of at most 31 leading zeros; more count as the end of the data. */
  exponential(): number {
    let zeros = 0;
    while (!this.exhausted && zeros < 32 && this.read(1) === 0) zeros += 1;
    if (zeros < 32) return 2 ** zeros - 1 + this.read(zeros);
    this.#at = this.#bytes.length * 8 + 1;
    return 0;
  }

  /** An Exp-Golomb code `se(v)` (section 9.1.1). */
  signedExponential(): number {
    const code = this.exponential();
    return code % 2 === 1 ? (code + 1) / 2 : -(code / 2);
  }
}
