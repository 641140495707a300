import { LatchkeyError, type SessionId } from '../../src/base/index.ts';
import type { Beginning, Session, Trail } from '../../src/pairing/index.ts';
import type { Dice } from './dice.ts';
import type { ProcessClock } from './timeline.ts';

/** How a world’s record is kept: at once, or on a disk that takes its time and fails now and then. */
export type RecordKeeping = 'at-once' | 'slow';

/** A record in memory. It knows which live views are on record for good, and which have no end. */
export class SimTrail implements Trail {
  readonly recorded = new Set<string>();
  readonly open = new Set<SessionId>();
  readonly #keeping: RecordKeeping;
  readonly #clock: ProcessClock;
  readonly #dice: Dice;
  readonly #count: (what: string) => void;

  constructor(keeping: RecordKeeping, clock: ProcessClock, dice: Dice, count: (what: string) => void) {
    this.#keeping = keeping;
    this.#clock = clock;
    this.#dice = dice;
    this.#count = count;
  }

  async began({ session }: Beginning): Promise<void> {
    this.open.add(session.id);
    if (this.#keeping === 'slow') {
      await this.#clock.wait(this.#dice.between(0, 4_000));
      if (this.#dice.chance(0.2)) {
        this.#count('not on record');
        throw new LatchkeyError('audit-unavailable');
      }
    }
    this.recorded.add(session.id);
  }

  ended({ id }: Session): void {
    this.#count('ended on record');
    this.open.delete(id);
  }

  mediaBegan(): void {}
  extended(): void {}
  reproved(): void {}
  moved(): void {}
  refused(): void {
    this.#count('refused on record');
  }
}
