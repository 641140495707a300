import { type Clock, limits, type Timer } from '../base/index.ts';

/**
 * Whether a cache may be asked, after the alarms that it gave. It is left out after `limits.sharedAlarmsMax` within
 * `limits.sharedAlarmWindowMs`, for `limits.sharedDistrustMsFirst`. Then it is on trial for one more window: the first alarm
 * leaves it out again, for twice as long, up to `limits.sharedDistrustMsMax`.
 */
export class Distrust {
  readonly #clock: Clock;
  readonly #tell: (state: 'left-out' | 'taken-back') => void;
  readonly #alarmsAtMs: number[] = [];
  #timer: Timer | undefined;
  #onTrialUntilMs = Number.NEGATIVE_INFINITY;
  #nextMs: number = limits.sharedDistrustMsFirst;

  constructor(clock: Clock, tell: (state: 'left-out' | 'taken-back') => void) {
    this.#clock = clock;
    this.#tell = tell;
  }

  get trusted(): boolean {
    return this.#timer === undefined;
  }

  alarm(): void {
    if (!this.trusted) return;
    const nowMs = this.#clock.now();
    const onTrial = nowMs < this.#onTrialUntilMs;
    if (!onTrial) this.#nextMs = limits.sharedDistrustMsFirst;
    this.#alarmsAtMs.push(nowMs);
    while ((this.#alarmsAtMs[0] ?? nowMs) <= nowMs - limits.sharedAlarmWindowMs) this.#alarmsAtMs.shift();
    if (onTrial || this.#alarmsAtMs.length >= limits.sharedAlarmsMax) this.#leaveOut();
  }

  /** An operator’s word: trusted again, as if nothing had been. */
  takeBack(): void {
    const wasTrusted = this.trusted;
    this.#timer?.cancel();
    this.#timer = undefined;
    this.#alarmsAtMs.length = 0;
    this.#onTrialUntilMs = Number.NEGATIVE_INFINITY;
    if (!wasTrusted) this.#tell('taken-back');
  }

  close(): void {
    this.#timer?.cancel();
  }

  #leaveOut(): void {
    this.#alarmsAtMs.length = 0;
    this.#timer = this.#clock.after(this.#nextMs, () => {
      this.#timer = undefined;
      this.#onTrialUntilMs = this.#clock.now() + limits.sharedAlarmWindowMs;
      this.#tell('taken-back');
    });
    this.#nextMs = Math.min(2 * this.#nextMs, limits.sharedDistrustMsMax);
    this.#tell('left-out');
  }
}
