import { type Clock, type EndReason, limits, type Timer } from '../base/index.ts';
import type { VerifiedCamera } from '../identity/index.ts';
import type { CallOutcome } from './rpc-peer.ts';
import type { HolderRefusal } from './thrown.ts';
import type { Registration, View } from './view.ts';

/**
 * Stands in for a camera whose connection was lost, on behalf of the live views whose media flows on. It hears nothing and says
 * nothing; after `limits.cameraAwayMsMax`, or with the end of the camera's proof, its views end as `camera-left`.
 */
export class AwayCamera implements Registration {
  readonly camera: VerifiedCamera;
  readonly name: string | undefined;
  readonly answers: boolean;
  readonly capabilities: readonly string[];
  readonly views = new Map<string, View>();
  readonly #timer: Timer;

  /** `over` is called when it has waited for long enough. */
  constructor(lost: Registration, clock: Clock, over: (away: AwayCamera) => void) {
    this.camera = lost.camera;
    this.name = lost.name;
    this.answers = lost.answers;
    this.capabilities = lost.capabilities;
    const restMs = Math.max(0, lost.camera.evidence.expiresAtMs - clock.now());
    this.#timer = clock.after(Math.min(restMs, limits.cameraAwayMsMax), () => {
      over(this);
      for (const view of [...this.views.values()]) view.session.end('camera-left');
    });
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
