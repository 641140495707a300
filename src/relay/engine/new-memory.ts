/** Gives memory for a table, all zero: best where a line of 64 bytes begins. */
export type NewMemory = (bytes: number) => Uint8Array;

export const anywhere: NewMemory = (bytes) => new Uint8Array(bytes);

/** Memory as numbers of eight bytes. */
export function asNumbers({ buffer, byteOffset, byteLength }: Uint8Array): Float64Array {
  return new Float64Array(buffer, byteOffset, byteLength / Float64Array.BYTES_PER_ELEMENT);
}

/** The same memory as words of four bytes. */
export function asWords({ buffer, byteOffset, byteLength }: Uint8Array | Float64Array): Uint32Array {
  return new Uint32Array(buffer, byteOffset, byteLength / Uint32Array.BYTES_PER_ELEMENT);
}
