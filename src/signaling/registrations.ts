import type { DeviceId } from '../base/index.ts';
import type { Registration } from './view.ts';

/** Which camera is where. The key is the subject of a verified token, so a claim alone displaces nobody. */
export class Registrations {
  readonly #live = new Map<DeviceId, Registration>();

  get size(): number {
    return this.#live.size;
  }

  get(device: DeviceId): Registration | undefined {
    return this.#live.get(device);
  }

  /** Registers, and takes over from an older registration of the same device. */
  add(registration: Registration): void {
    const { device } = registration.camera;
    const older = this.#live.get(device);
    this.#live.set(device, registration);
    if (older !== undefined && older !== registration) older.replaced();
  }

  /** Takes a registration out, unless a newer one stands in its place already. */
  remove(registration: Registration): void {
    const { device } = registration.camera;
    if (this.#live.get(device) === registration) this.#live.delete(device);
  }
}
