import { type Clock, type DeviceId, inSlices, limits, type SessionId } from '../base/index.ts';
import { AwayCamera, endsOfRefusals, handOver, type Patience } from './away.ts';
import type { Moving } from './drain/index.ts';
import { nothingThrown, type ThrownLevers } from './thrown.ts';
import type { Registration } from './view.ts';

/**
 * Which camera is where. The key is the subject of a verified token, so a claim alone displaces nobody. A device has one
 * registration or, while live views wait for it, what stands in for one; never both.
 */
export class Registrations {
  readonly #clock: Clock;
  readonly #moving: Moving;
  readonly #levers: ThrownLevers;
  readonly #live = new Map<DeviceId, Registration>();
  readonly #away = new Map<DeviceId, AwayCamera>();

  constructor(clock: Clock, moving: Moving, levers: ThrownLevers = nothingThrown) {
    this.#clock = clock;
    this.#moving = moving;
    this.#levers = levers;
  }

  get size(): number {
    return this.#live.size;
  }

  /** Cameras that live views wait for. */
  get away(): number {
    return this.#away.size;
  }

  /** The camera that a live view can open with: none that has just been refused, though its connection is still to close. */
  get(device: DeviceId): Registration | undefined {
    const registration = this.#live.get(device);
    if (registration !== undefined && this.#levers.refuses(registration.camera) !== undefined) return undefined;
    return registration;
  }

  /** Ends the live views that wait for a camera which may not come back. Says how many. */
  async reviewAway(): Promise<number> {
    let ended = 0;
    await inSlices(this.#clock, this.#away.values(), (away) => {
      const refusal = this.#levers.refuses(away.camera);
      if (refusal === undefined) return false;
      ended += away.refused(refusal);
      this.#forget(away);
      return true;
    });
    return ended;
  }

  /** The live views that wait for a camera which those levers would not let come back. */
  opposedAway(levers: ThrownLevers): SessionId[] {
    return [...this.#away.values()]
      .filter((away) => levers.refuses(away.camera) !== undefined)
      .flatMap(({ views }) => [...views.values()].map(({ session }) => session.id));
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
    if (registration.watched === 0) return;
    const refusal = this.#levers.refuses(registration.camera);
    if (refusal !== undefined) {
      for (const view of [...registration.views.values()]) view.session.end(endsOfRefusals[refusal]);
      return;
    }
    const patience = this.#patience;
    const away = new AwayCamera(registration, this.#clock, patience, () => this.#forget(away));
    handOver(registration, away, patience.end);
    if (away.watched === 0) away.forget();
    else this.#away.set(device, away);
  }

  /** Where the relay is about to end, a camera that is away does not come back here: its live views wait no longer than for it to be elsewhere. */
  hasten(): void {
    for (const away of this.#away.values()) away.hasten(this.#patience);
  }

  get #patience(): Patience {
    return this.#moving.begun
      ? { msMax: limits.drainCameraAheadMs, end: 'relay-moving' }
      : { msMax: limits.cameraAwayMsMax, end: 'camera-left' };
  }

  #forget(away: AwayCamera): void {
    const { device } = away.camera;
    if (this.#away.get(device) === away) this.#away.delete(device);
  }
}
