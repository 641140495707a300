import type { Clock, DeviceId } from '../base/index.ts';
import { AwayCamera, handOver } from './away.ts';
import type { Registration } from './view.ts';

/**
 * Which camera is where. The key is the subject of a verified token, so a claim alone displaces nobody. A device has one
 * registration or, while live views wait for it, what stands in for one; never both.
 */
export class Registrations {
  readonly #clock: Clock;
  readonly #live = new Map<DeviceId, Registration>();
  readonly #away = new Map<DeviceId, AwayCamera>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  get size(): number {
    return this.#live.size;
  }

  /** Cameras that live views wait for. */
  get away(): number {
    return this.#away.size;
  }

  get(device: DeviceId): Registration | undefined {
    return this.#live.get(device);
  }

  /** Registers, and takes over from an older registration of the same device, or from what stands in for one. */
  add(registration: Registration): void {
    const { device } = registration.camera;
    const older = this.#live.get(device) ?? this.#away.get(device);
    this.#away.delete(device);
    this.#live.set(device, registration);
    if (older !== undefined && older !== registration) older.replaced(registration);
  }

  /** Takes a registration out, unless a newer one stands in its place already. */
  remove(registration: Registration): void {
    const { device } = registration.camera;
    if (this.#live.get(device) === registration) this.#live.delete(device);
  }

  /** Takes a registration out whose connection was lost: the live views whose media flows wait for its return. */
  lose(registration: Registration): void {
    const { device } = registration.camera;
    if (this.#live.get(device) !== registration) return;
    this.#live.delete(device);
    const away = new AwayCamera(registration, this.#clock, () => this.#forget(away));
    handOver(registration, away, 'camera-left');
    if (away.views.size === 0) away.forget();
    else this.#away.set(device, away);
  }

  #forget(away: AwayCamera): void {
    const { device } = away.camera;
    if (this.#away.get(device) === away) this.#away.delete(device);
  }
}
