import { limits } from '../../base/index.ts';
import type { DropReason } from './drops.ts';

interface Held {
  readonly bytes: Buffer;
  atMs: number;
}

/** Datagrams that wait for a side's first latch: few, small, and not for long. */
export class HeldDatagrams {
  #held: Held[] = [];

  get size(): number {
    return this.#held.length;
  }

  /**
   * Keeps a copy of `bytes`. A datagram that is held already (a retransmission) is not held twice, and the oldest leaves
   * for a new one when `limits.heldDatagramsPerSideMax` are held. Returns why something was dropped, if it was.
   */
  hold(nowMs: number, bytes: Buffer): DropReason | undefined {
    if (bytes.length > limits.heldDatagramBytesMax) return 'held-too-large';
    const same = this.#held.find((held) => held.bytes.equals(bytes));
    if (same !== undefined) {
      same.atMs = nowMs;
      return undefined;
    }
    this.#held.push({ bytes: Buffer.from(bytes), atMs: nowMs });
    if (this.#held.length <= limits.heldDatagramsPerSideMax) return undefined;
    this.#held.shift();
    return 'held-too-many';
  }

  /**
   * Empties the queue into `deliver`, oldest first. What waited longer than a transaction lives is left out: nobody waits
   * for its answer any more. Returns how many were left out.
   */
  flush(nowMs: number, deliver: (bytes: Buffer) => void): number {
    const held = this.#held;
    this.#held = [];
    let late = 0;
    for (const { bytes, atMs } of held) {
      if (nowMs - atMs > limits.transactionMsMax) late++;
      else deliver(bytes);
    }
    return late;
  }

  clear(): void {
    this.#held = [];
  }
}
