import { constants } from 'node:os';
import type { Address, Libc } from '../../../src/relay/udp/libc.ts';

type ErrorName = keyof typeof constants.errno;

/** What becomes of one system call: it fails, it takes so many messages at most, or it goes on as it is. */
export type Outcome = ErrorName | number | undefined;

export interface Call {
  readonly count: number;
  /** Whether it may wait. */
  readonly waits: boolean;
}

/** The system's calls, with faults that cannot be had otherwise. What has no fault goes to the system. */
export class FaultyLibc implements Libc {
  readonly sends: Call[] = [];
  /** What the next sends and receives come to, in turn, and then always. */
  readonly nextSends: Outcome[] = [];
  everySend: Outcome;
  readonly nextReceives: Outcome[] = [];
  everyReceive: Outcome;
  readonly #real: Libc;
  #errno: number | undefined;

  constructor(real: Libc) {
    this.#real = real;
  }

  sendmmsg(socket: number, messages: Address, count: number, flags: number): number {
    this.sends.push({ count, waits: flags === 0 });
    const outcome = this.nextSends.length > 0 ? this.nextSends.shift() : this.everySend;
    return this.#come(outcome, count, (most) => this.#real.sendmmsg(socket, messages, most, flags));
  }

  recvmmsg(socket: number, messages: Address, count: number, flags: number): number {
    const outcome = this.nextReceives.length > 0 ? this.nextReceives.shift() : this.everyReceive;
    return this.#come(outcome, count, (most) => this.#real.recvmmsg(socket, messages, most, flags));
  }

  errno(): number {
    return this.#errno ?? this.#real.errno();
  }

  #come(outcome: Outcome, count: number, go: (most: number) => number): number {
    this.#errno = undefined;
    if (typeof outcome !== 'string') return go(Math.min(outcome ?? count, count));
    this.#errno = constants.errno[outcome];
    return -1;
  }

  readonly socket: Libc['socket'] = (...all) => this.#real.socket(...all);
  readonly bind: Libc['bind'] = (...all) => this.#real.bind(...all);
  readonly getsockname: Libc['getsockname'] = (...all) => this.#real.getsockname(...all);
  readonly setsockopt: Libc['setsockopt'] = (...all) => this.#real.setsockopt(...all);
  readonly getsockopt: Libc['getsockopt'] = (...all) => this.#real.getsockopt(...all);
  readonly sendto: Libc['sendto'] = (...all) => this.#real.sendto(...all);
  readonly usleep: Libc['usleep'] = (us) => this.#real.usleep(us);
  readonly prctl: Libc['prctl'] = (...all) => this.#real.prctl(...all);
  readonly madvise: Libc['madvise'] = (...all) => this.#real.madvise(...all);
  readonly close: Libc['close'] = (...all) => this.#real.close(...all);
  readonly address: Libc['address'] = (memory) => this.#real.address(memory);
}
