import { LatchkeyError } from '../../src/base/index.ts';
import type { Identity } from '../../src/identity/index.ts';
import { cameraProof, viewerProof } from '../support/proofs.ts';
import type { Dice } from './dice.ts';
import type { Faults } from './faults.ts';
import type { ProcessClock } from './timeline.ts';

/** A token says in the clear whose it is and when it ends; a real one is verified by threads, in no fixed order. */
export function tokenOf(kind: 'viewer' | 'camera', name: string, expiresAtMs: number): string {
  return `${kind}/${name}/${expiresAtMs}`;
}

export function simIdentity(clock: ProcessClock, faults: Faults, dice: Dice): Identity {
  return {
    async verify(token) {
      await clock.wait(faults.strikes('slow-identity', 0.4) ? dice.between(20, 1_500) : dice.between(0, 4));
      const [kind, name = '', expires] = token.reveal().split('/');
      if (kind !== 'viewer' && kind !== 'camera') throw new LatchkeyError('token-signature');
      if (!(Number(expires) > clock.now())) throw new LatchkeyError('token-expired');
      const make = kind === 'viewer' ? viewerProof : cameraProof;
      return make(name, clock.now(), Number(expires));
    },
    async verifyViewer(token) {
      const holder = await this.verify(token);
      if (holder.kind !== 'viewer') throw new LatchkeyError('token-audience');
      return holder;
    },
    async verifyCamera(token) {
      const holder = await this.verify(token);
      if (holder.kind !== 'camera') throw new LatchkeyError('token-audience');
      return holder;
    },
  };
}
