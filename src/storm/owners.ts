import type { RandomSource } from '../base/index.ts';
import type { ViewerToken } from './viewers.ts';

/** How often a camera is drawn before a viewer is taken for one that may see nearly all. */
const drawsMax = 16;

/** Who may see which camera of a run, as its tokens have it. */
export class Owners {
  readonly #devices: readonly string[];
  readonly #bySubject = new Map<string, Set<string>>();

  constructor(devices: readonly string[], viewers: readonly ViewerToken[]) {
    this.#devices = devices;
    const shared = new Map<readonly string[], Set<string>>();
    for (const { subject, devices: seen } of viewers) {
      const set = shared.get(seen) ?? new Set(seen);
      shared.set(seen, set);
      const before = this.#bySubject.get(subject);
      this.#bySubject.set(subject, before === undefined ? set : new Set([...before, ...set]));
    }
  }

  maySee(subject: string, device: string): boolean {
    return this.#bySubject.get(subject)?.has(device) === true;
  }

  /** A camera that `subject` may not see. Undefined where there is none to be found. */
  notOf(subject: string, random: RandomSource): string | undefined {
    for (let draw = 0; draw < drawsMax; draw++) {
      const device = this.#devices[Math.floor(random.fraction() * this.#devices.length)];
      if (device !== undefined && !this.maySee(subject, device)) return device;
    }
    return undefined;
  }
}
