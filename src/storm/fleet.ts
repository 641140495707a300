import { limits, type Redacted, type Timer } from '../base/index.ts';
import { type CameraWorld, SimulatedCamera } from './camera.ts';
import { Tally } from './ending.ts';
import { Launcher } from './launcher.ts';

export interface CameraToken {
  readonly device: string;
  readonly token: Redacted<string>;
}

export type FleetWorld = Omit<CameraWorld, 'registered' | 'away' | 'ticket'>;

/** One coming together of the whole fleet, from when it was asked to. */
export interface Muster {
  readonly startedMs: number;
  /** When each camera registered, in milliseconds since then, in the order in which they did. */
  readonly backMs: readonly number[];
  readonly refusals: Tally;
  /** Cameras that were registered and were lost again. */
  readonly lost: number;
}

/** All cameras of a storm. */
export class Fleet {
  readonly cameras: readonly SimulatedCamera[];
  readonly tickets = { given: 0, shown: 0 };
  readonly #world: FleetWorld;
  readonly #launcher: Launcher;
  readonly #waits = new Map<SimulatedCamera, Timer>();
  readonly #byDevice: ReadonlyMap<string, SimulatedCamera>;
  #muster: { startedMs: number; backMs: number[]; refusals: Tally; lost: number };
  #registered = 0;
  #whole = Promise.withResolvers<void>();
  #fell = Promise.withResolvers<void>();
  #stopped = false;

  constructor(world: FleetWorld, tokens: readonly CameraToken[], connectsPerSecondMax: number) {
    this.#world = world;
    this.#launcher = new Launcher(world.clock, connectsPerSecondMax);
    const shared: CameraWorld = {
      ...world,
      registered: () => this.#back(),
      away: (camera, was, why, waitMs) => this.#away(camera, was, why, waitMs),
      ticket: (what) => {
        this.tickets[what] += 1;
      },
    };
    this.cameras = tokens.map(({ device, token }, index) => new SimulatedCamera(shared, index, device, token));
    this.#byDevice = new Map(this.cameras.map((camera) => [camera.device, camera]));
    this.#muster = this.#newMuster();
  }

  /** How many are registered now. */
  get registered(): number {
    return this.#registered;
  }

  /** The coming together that is on its way, or was the last. */
  get muster(): Muster {
    return this.#muster;
  }

  isBack(device: string): boolean {
    return this.#byDevice.get(device)?.registered === true;
  }

  /** Resolves when every camera is registered at once. */
  whole(): Promise<void> {
    return this.#whole.promise;
  }

  /** Resolves when a camera is missing. */
  async fell(): Promise<void> {
    if (this.#registered === this.cameras.length) await this.#fell.promise;
  }

  /** Whoever is away comes, at once. */
  gather(): void {
    this.#muster = this.#newMuster();
    for (const camera of this.cameras) if (!camera.registered) this.#launcher.add(() => camera.connect());
  }

  /** From here on counts whatever comes, as the cameras come by themselves. */
  await(): void {
    this.#muster = this.#newMuster();
  }

  /** Cuts all off but the first `steady` ones. */
  dropAll(steady = 0): void {
    for (const wait of this.#waits.values()) wait.cancel();
    this.#waits.clear();
    this.#launcher.clear();
    for (const camera of this.cameras.slice(steady)) {
      if (camera.registered) this.#missing(1);
      camera.drop();
    }
  }

  /** All leave for good. */
  stop(): void {
    this.#stopped = true;
    this.dropAll();
  }

  #newMuster() {
    return { startedMs: this.#world.clock.now(), backMs: [], refusals: new Tally(), lost: 0 };
  }

  #missing(cameras: number): void {
    if (this.#registered === this.cameras.length) {
      this.#whole = Promise.withResolvers();
      this.#fell.resolve();
      this.#fell = Promise.withResolvers();
    }
    this.#registered -= cameras;
  }

  #back(): void {
    this.#registered += 1;
    const { backMs, startedMs } = this.#muster;
    if (backMs.length < limits.stormSamplesMax) backMs.push(this.#world.clock.now() - startedMs);
    if (this.#registered === this.cameras.length) this.#whole.resolve();
  }

  #away(camera: SimulatedCamera, was: 'registered' | 'coming', why: string, waitMs: number): void {
    if (was === 'registered') {
      this.#missing(1);
      this.#muster.lost += 1;
    } else this.#muster.refusals.add(why);
    if (this.#stopped) return;
    const wait = this.#world.clock.after(waitMs, () => {
      this.#waits.delete(camera);
      this.#launcher.add(() => camera.connect());
    });
    this.#waits.set(camera, wait);
  }
}
