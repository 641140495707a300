import type { Clock, EndReason, Timer } from '../base/index.ts';
import type { VerifiedCamera } from '../identity/index.ts';
import type { CallOutcome } from './rpc-peer.ts';
import type { HolderRefusal } from './thrown.ts';
import type { Registration, View } from './view.ts';

/** How long live views wait for their camera, in milliseconds, and why they end then. */
export interface Patience {
  readonly msMax: number;
  readonly end: EndReason;
}

/**
 * Stands in for a camera whose connection was lost, on behalf of the live views whose media flows on. It hears nothing and says
 * nothing; when nobody has the patience to wait any more, or with the end of the camera's proof, its views end.
 */
export class AwayCamera implements Registration {
  readonly camera: VerifiedCamera;
  readonly name: string | undefined;
  readonly answers: boolean;
  readonly capabilities: readonly string[];
  readonly views = new Map<string, View>();
  readonly #clock: Clock;
  readonly #over: (away: AwayCamera) => void;
  #timer: Timer;

  /** `over` is called when it has waited for long enough. */
  constructor(lost: Registration, clock: Clock, patience: Patience, over: (away: AwayCamera) => void) {
    this.camera = lost.camera;
    this.name = lost.name;
    this.answers = lost.answers;
    this.capabilities = lost.capabilities;
    this.#clock = clock;
    this.#over = over;
    this.#timer = this.#wait(patience);
  }

  get watched(): number {
    return this.views.size;
  }

  /** Waits from now on with another patience. */
  hasten(patience: Patience): void {
    this.#timer.cancel();
    this.#timer = this.#wait(patience);
  }

  call(_method: string, _params: object, _msMax: number, settled: (outcome: CallOutcome) => void): void {
    settled({ kind: 'gone' });
  }

  tell(): void {}

  replaced(by: Registration): void {
    this.#timer.cancel();
    handOver(this, by, 'camera-left');
  }

  /** The camera may not come back: its views end, and why. Says how many there were. */
  refused(refusal: HolderRefusal): number {
    this.#timer.cancel();
    const views = [...this.views.values()];
    for (const view of views) view.session.end(endsOfRefusals[refusal]);
    return views.length;
  }

  /** Nobody watches any more. */
  forget(): void {
    this.#timer.cancel();
  }

  #wait({ msMax, end }: Patience): Timer {
    const restMs = Math.max(0, this.camera.evidence.expiresAtMs - this.#clock.now());
    return this.#clock.after(Math.min(restMs, msMax), () => {
      this.#over(this);
      for (const view of [...this.views.values()]) view.session.end(end);
    });
  }
}

/** What the live views of a camera that was refused end as. */
export const endsOfRefusals: Readonly<Record<HolderRefusal, EndReason>> = {
  'token-revoked': 'camera-signed-out',
  'device-quarantined': 'quarantined',
  'switched-off': 'switched-off',
};

/** Moves the live views whose media can flow on from one registration of a device to a later one. The others end. */
export function handOver(from: Registration, to: Registration, othersEnd: EndReason): void {
  for (const view of [...from.views.values()]) {
    if (!view.move(to)) view.session.end(othersEnd);
  }
}
