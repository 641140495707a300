import type { Clock, RandomSource } from '../base/index.ts';
import type { Settings } from '../config/index.ts';
import type { Log, Metrics } from '../telemetry/index.ts';

/** What each piece of a relay is made with. */
export interface Means {
  readonly settings: Settings;
  /** Of the relay itself. */
  readonly version: string;
  readonly clock: Clock;
  readonly random: RandomSource;
  readonly log: Log;
  readonly metrics: Metrics;
  /** What was opened, to be closed in the other order. */
  readonly started: AsyncDisposableStack;
}
