import { readFileSync } from 'node:fs';
import { networkInterfaces } from 'node:os';
import { type Clock, type RandomSource, systemClock, systemRandom } from '../../base/index.ts';
import type { Settings } from '../../config/index.ts';
import type { Finding } from './finding.ts';

/** What is told of the machine, which a test can tell otherwise. */
export interface Machine {
  readonly clock: Clock;
  readonly random: RandomSource;
  /** The text of a file of the system, such as `/proc/sys/net/core/somaxconn`; undefined where it cannot be read. */
  read(path: string): string | undefined;
  /** The IP addresses of its interfaces. */
  addresses(): readonly string[];
  /** Milliseconds by a clock that nobody sets. */
  steadyMs(): number;
  /** Whom this process runs as; undefined where the system has no such thing. */
  readonly userId: number | undefined;
}

/** What the checks look at, and what they tell each other. */
export interface Patient {
  readonly settings: Settings;
  readonly environment: NodeJS.ProcessEnv;
  readonly machine: Machine;
  /** What others say the time is, against what it was here as they said it. */
  readonly otherClocks: { readonly whose: string; readonly aheadMs: number }[];
  /** The process that holds the ports of these settings, where it is a relay. */
  relayProcess: number | undefined;
}

export interface Check {
  readonly name: string;
  look(patient: Patient): Promise<readonly Finding[]> | readonly Finding[];
}

export const thisMachine: Machine = {
  clock: systemClock,
  random: systemRandom,
  read(path) {
    try {
      return readFileSync(path, 'utf8');
    } catch {
      return undefined;
    }
  },
  addresses: () =>
    Object.values(networkInterfaces()).flatMap((all) => all?.map(({ address }) => address.split('%')[0] ?? '') ?? []),
  steadyMs: () => performance.now(),
  userId: process.getuid?.(),
};

/** Notes what a `Date` header (RFC 9110 section 6.6.1) says the time is. */
export function noteDate(patient: Patient, whose: string, header: string | null | undefined): void {
  const theirsMs = Date.parse(header ?? '');
  if (Number.isNaN(theirsMs)) return;
  // The header counts whole seconds: half of one is its middle.
  patient.otherClocks.push({ whose, aheadMs: theirsMs + 500 - patient.machine.clock.now() });
}
