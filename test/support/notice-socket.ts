import koffi from 'koffi';

const libc = koffi.load(null);
const socket = libc.func('int socket(int, int, int)');
const bind = libc.func('int bind(int, const uint8_t *, uint32_t)');
const receive = libc.func('intptr_t recv(int, uint8_t *, size_t, int)');
const close = libc.func('int close(int)');
const [unixFamily, datagram, dontWait] = [1, 2, 0x40];

/** A service manager's end of `NOTIFY_SOCKET`: a real Unix datagram socket at a path, or at a name after `@`. */
export class NoticeSocket {
  readonly #notices: string[] = [];
  readonly #descriptor: number = socket(unixFamily, datagram, 0);

  constructor(address: string) {
    const name = Buffer.from(address.replace(/^@/, '\0'));
    const at = Buffer.concat([Buffer.from([unixFamily, 0]), name]);
    if (bind(this.#descriptor, at, at.length) !== 0) throw new Error(`${address} cannot be bound`);
  }

  /** All that has come so far. */
  received(): readonly string[] {
    const buffer = Buffer.alloc(4_096);
    for (;;) {
      const length = Number(receive(this.#descriptor, buffer, buffer.length, dontWait));
      if (length < 0) return this.#notices;
      this.#notices.push(buffer.toString('utf8', 0, length));
    }
  }

  [Symbol.dispose](): void {
    close(this.#descriptor);
  }
}
