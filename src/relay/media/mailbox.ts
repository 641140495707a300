const mailPlace = 0;
const waitingPlace = 1;

/**
 * How a thread that waits for datagrams learns that it has messages: a number in shared memory that it compares before each
 * wait, and a word that says whether it waits, so that only then somebody has to wake it.
 */
export class Mailbox {
  readonly memory: SharedArrayBuffer;
  readonly #places: Int32Array;
  #seen = 0;

  constructor(memory = new SharedArrayBuffer(8)) {
    this.memory = memory;
    this.#places = new Int32Array(memory);
  }

  /** For the sender, after it has sent: returns whether the reader waits, and must be woken. */
  announce(): boolean {
    Atomics.add(this.#places, mailPlace, 1);
    return Atomics.load(this.#places, waitingPlace) === 1;
  }

  /**
   * For the reader: it says that it is about to wait, and only then looks for mail. In this order no message is missed: either it
   * sees the mail, or the sender sees it waiting.
   */
  hasMailBeforeWaiting(): boolean {
    Atomics.store(this.#places, waitingPlace, 1);
    const mail = Atomics.load(this.#places, mailPlace);
    if (mail === this.#seen) return false;
    this.#seen = mail;
    return true;
  }

  awake(): void {
    Atomics.store(this.#places, waitingPlace, 0);
  }
}
