import type { Clock } from '../base/index.ts';
import type { CounterName } from '../telemetry/index.ts';

/** The label that tells the counts of a counter apart on the status page. */
const tallied = {
  latchkey_registrations_total: undefined,
  latchkey_sessions_opened_total: 'flow',
  latchkey_sessions_ended_total: 'reason',
  latchkey_refusals_total: 'code',
  latchkey_alarms_total: 'kind',
  latchkey_admission_refused_total: undefined,
  latchkey_internal_errors_total: undefined,
} as const satisfies Partial<Record<CounterName, string | undefined>>;
export type TalliedName = keyof typeof tallied;

/** What has been counted since the start, for whoever shows it: a number for each value of one label, all of closed sets. */
export class Tallies {
  readonly #clock: Clock;
  readonly #counts = new Map<TalliedName, Map<string, number>>();
  #alarmedAtMs: number | null = null;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** When the last alarm was counted, in milliseconds since the epoch. */
  get alarmedAtMs(): number | null {
    return this.#alarmedAtMs;
  }

  count(name: CounterName, labels: Readonly<Record<string, string>>): void {
    if (!isTallied(name)) return;
    const label = tallied[name];
    const value = label === undefined ? '' : (labels[label] ?? '');
    const counts = this.#counts.get(name) ?? new Map<string, number>();
    counts.set(value, (counts.get(value) ?? 0) + 1);
    this.#counts.set(name, counts);
    if (name === 'latchkey_alarms_total') this.#alarmedAtMs = this.#clock.now();
  }

  by(name: TalliedName): Record<string, number> {
    return Object.fromEntries(this.#counts.get(name) ?? []);
  }

  total(name: TalliedName): number {
    return [...(this.#counts.get(name)?.values() ?? [])].reduce((sum, count) => sum + count, 0);
  }
}

function isTallied(name: CounterName): name is TalliedName {
  return Object.hasOwn(tallied, name);
}
