import { isSameFile } from '../base/index.ts';
import { SourceFailure, type SourceObserver } from './source-observer.ts';

/**
 * The file of a database that is open. Where its name is another file's, or nobody's, this process would go on with what others have taken away,
 * and hear nothing of what they write: then there are no answers until the name is right again, or the relay is started anew.
 */
export class SqliteFile {
  readonly #isSame: () => boolean;
  readonly #observer: SourceObserver;
  #isThere = true;

  constructor(file: string, observer: SourceObserver) {
    this.#isSame = isSameFile(file);
    this.#observer = observer;
  }

  /** Looks whether it is there still, and says so. */
  look(): boolean {
    this.#isThere = this.#isSame();
    return this.#isThere;
  }

  /** Throws `replaced` where the last look did not find it. `told`: whether that is a fault to tell, because a question finds no answer. */
  demand(told: boolean): void {
    if (this.#isThere) return;
    if (told) this.#observer.fault?.('replaced', undefined);
    throw new SourceFailure('replaced');
  }
}
