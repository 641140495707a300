import { limits } from '../../base/index.ts';

/**
 * Says how long a thread should rest before it waits for datagrams again. One that is woken for every packet or two spends most of its
 * time on being woken, which is why network cards moderate their interrupts. While a thread takes very many small batches it rests after each
 * until about `limits.restedMessagesMax` have come, `limits.restUsMax` at most; at all other times nothing is delayed.
 */
export class Moderation {
  #sinceMs = 0;
  #batches = 0;
  #messages = 0;
  #restUs = 0;

  /** Takes note of a batch of so many messages; 0 is none. Returns how long to rest now, in microseconds. */
  restUsAfter(messages: number, nowMs: number): number {
    if (messages > 0) this.#batches++;
    this.#messages += messages;
    const elapsedMs = nowMs - this.#sinceMs;
    if (elapsedMs >= limits.restLookMs || elapsedMs < 0) this.#look(nowMs, elapsedMs);
    return messages === 0 || messages > limits.restedMessagesMax * 2 ? 0 : this.#restUs;
  }

  #look(nowMs: number, elapsedMs: number): void {
    const least = this.#restUs > 0 ? limits.restingBatchesPerMsMin : limits.restlessBatchesPerMsMax;
    const busy = elapsedMs > 0 && this.#batches >= least * elapsedMs;
    this.#restUs = busy
      ? Math.min(limits.restUsMax, Math.round((limits.restedMessagesMax * 1_000 * elapsedMs) / this.#messages))
      : 0;
    this.#sinceMs = nowMs;
    this.#batches = 0;
    this.#messages = 0;
  }
}
