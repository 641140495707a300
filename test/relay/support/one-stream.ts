import { ClockRates } from '../../../src/relay/engine/clock-rate.ts';
import { Jitters } from '../../../src/relay/engine/jitter.ts';
import { RtpStreams } from '../../../src/relay/engine/rtp-streams.ts';
import { SideMemory } from '../../../src/relay/engine/side-memory.ts';
import { StreamMemory } from '../../../src/relay/engine/stream-memory.ts';

/** A place among others. */
const side = 3;
const at = StreamMemory.at(side);

/** The clock of one stream. */
export class OneClock {
  readonly #clocks = new ClockRates(new StreamMemory(side + 2));

  get ticksPerMs(): number {
    return this.#clocks.ticksPerMs(at);
  }

  get isKnown(): boolean {
    return this.#clocks.isKnown(at);
  }

  begin(nowMs: number, timestamp: number): void {
    this.#clocks.begin(at, nowMs, timestamp);
  }

  packet(nowMs: number, timestamp: number): void {
    this.#clocks.packet(at, nowMs, timestamp);
  }
}

/** The jitter of one stream. */
export class OneJitter {
  readonly #jitters = new Jitters(new StreamMemory(side + 2));

  get ms(): number {
    return this.#jitters.ms(at);
  }

  begin(nowMs: number, timestamp: number): void {
    this.#jitters.begin(at, nowMs, timestamp);
  }

  packet(nowMs: number, timestamp: number): void {
    this.#jitters.packet(at, nowMs, timestamp);
  }
}

/** The streams of one side, and how many packets they had. */
export class OneSide {
  received = 0;
  readonly #streams = new RtpStreams(side + 1, new SideMemory((side + 1) / 2));

  constructor() {
    this.#streams.begin(side);
  }

  get size(): number {
    return this.#streams.size(side);
  }

  get lost(): number {
    return this.#streams.lost(side);
  }

  get jitterMs(): number | undefined {
    return this.#streams.jitterMs(side);
  }

  longestSilenceMs(nowMs: number): number {
    return this.#streams.longestSilenceMs(side, nowMs);
  }

  packet(nowMs: number, ssrc: number, sequenceNumber: number, timestamp: number): void {
    this.received++;
    this.#streams.packet(side, nowMs, ssrc, sequenceNumber, timestamp);
  }

  clear(): void {
    this.#streams.clear(side);
  }
}
