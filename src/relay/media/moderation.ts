import { limits } from '../../base/index.ts';

/**
 * Says when a thread should rest before it waits again. A thread that is woken for every one or two packets spends most of its time on
 * being woken; network cards have moderated their interrupts for that reason for decades. While it is woken very often it rests
 * for `limits.moderationUs` after each batch, so that the next one is larger; at all other times not a microsecond is added.
 *
 * It counts batches against the clock of milliseconds that each batch brings anyway.
 */
export class Moderation {
  #sinceMs = 0;
  #batches = 0;
  #on = false;

  /** Takes note of one batch. Returns whether to rest now. */
  batch(nowMs: number, messages: number): boolean {
    this.#batches++;
    const elapsedMs = nowMs - this.#sinceMs;
    if (elapsedMs >= limits.moderationLookMs || elapsedMs < 0) {
      const perMs = this.#batches / Math.max(elapsedMs, 1);
      this.#on = perMs >= (this.#on ? limits.moderatedBatchesPerMsMin : limits.unmoderatedBatchesPerMsMax);
      this.#sinceMs = nowMs;
      this.#batches = 0;
    }
    return this.#on && messages < limits.batchMessagesMax / 2;
  }
}
