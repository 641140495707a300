/** Bytes that came in pieces and are read in others. */
export class ByteQueue {
  #bytes: Buffer = Buffer.alloc(0);

  get length(): number {
    return this.#bytes.length;
  }

  push(chunk: Buffer): void {
    this.#bytes = this.#bytes.length === 0 ? chunk : Buffer.concat([this.#bytes, chunk]);
  }

  /** The next bytes, which stay; undefined unless all are there. */
  peek(count: number): Buffer | undefined {
    return this.#bytes.length < count ? undefined : this.#bytes.subarray(0, count);
  }

  /** Takes the next bytes; undefined unless all are there. */
  take(count: number): Buffer | undefined {
    const bytes = this.peek(count);
    if (bytes !== undefined) this.#bytes = this.#bytes.subarray(count);
    return bytes;
  }
}

/** Reads a stream as it comes. `push` throws a `MalformedStream` for what is not of its format, and never anything else. */
export interface StreamReader {
  push(chunk: Buffer): void;
}

/** What came is not of the format that was expected. */
export class MalformedStream extends Error {
  override name = 'MalformedStream';
}
