import { type Clock, isOver, limits, type Timer } from '../../../base/index.ts';
import type { Bell, HangBell } from './bell.ts';
import type { Descriptor, ListeningSocket, NotAccepted } from './listening-socket.ts';

export interface IntakeParts {
  readonly clock: Clock;
  readonly socket: ListeningSocket;
  readonly hangBell: HangBell;
  /** Calls when the event loop has done what it has to do now; `setImmediate`. */
  soon(run: () => void): void;
}

export interface IntakeHandlers {
  /** Serves a connection from here on. */
  take(connection: Descriptor): void;
  /** Whether whoever begins so may wait while others are served. */
  canWait(beginning: string): boolean;
  /** Somebody has connected. False: there are so many already that this one is dropped. */
  came(): boolean;
  /** Somebody who had come was dropped, and nobody has served them. */
  dropped(): void;
  fault(error: Error): void;
}

/**
 * Takes connections off a listening socket and decides who is served next. While few come, each is at once. When many come at once, as a fleet does
 * after an outage, they are held until they have said something: who can wait is then taken a few at a time, between turns of the event loop, and
 * everybody else without waiting for them. So nobody stands in a line behind a whole fleet, neither in the kernel, whose line is short and sends
 * away who finds it full, nor in the event loop.
 *
 * Nothing is read here that the library would not read again: it looks at what has come, and leaves it there.
 */
export class Intake {
  readonly #parts: IntakeParts;
  readonly #handlers: IntakeHandlers;
  readonly #bell: Bell;
  /** Those that have said nothing yet, and since when they are held, in milliseconds. */
  readonly #silent = new Map<Descriptor, number>();
  /** Those that can wait, in the order in which they came. */
  readonly #waiting = new Set<Descriptor>();
  #timer: Timer | undefined;
  #turnDue = false;
  /** Why nobody could be accepted the last time, and when that was, in milliseconds: it is not tried again at once. */
  #hindrance: NotAccepted = 'nobody';
  #hinderedMs = 0;
  #broken = false;
  #closed = false;

  constructor(parts: IntakeParts, handlers: IntakeHandlers) {
    this.#parts = parts;
    this.#handlers = handlers;
    this.#bell = parts.hangBell(parts.socket.signs, {
      rung: () => this.#turn(),
      broken: (error) => {
        this.#broken = true;
        handlers.fault(error);
        this.#turn();
      },
    });
    this.#bell.set();
  }

  /** How many are held. */
  get held(): number {
    return this.#silent.size + this.#waiting.size;
  }

  /** Takes nobody any more; who is held is dropped. Resolves when the port is free. */
  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    this.#timer?.cancel();
    const { socket } = this.#parts;
    const unhung = this.#bell.close();
    socket.shut();
    for (const connection of [...this.#silent.keys(), ...this.#waiting]) this.#drop(connection);
    this.#silent.clear();
    this.#waiting.clear();
    await unhung;
    socket.close();
  }

  #turn(): void {
    if (this.#closed) return;
    this.#timer?.cancel();
    this.#timer = undefined;
    const wasCalm = this.held === 0;
    const came = this.#accept();
    if (this.#closed) {
      for (const connection of came) this.#drop(connection);
      return;
    }
    if (wasCalm && came.length <= limits.intakeTakenPerTurnMax) {
      for (const connection of came) this.#handlers.take(connection);
    } else this.#hold(came);
    this.#listen();
    this.#takeWaiting();
    this.#next(came.length === limits.intakeAcceptsPerTurnMax);
  }

  #accept(): Descriptor[] {
    const came: Descriptor[] = [];
    const nowMs = this.#parts.clock.now();
    if (this.#isHindered && !isOver(nowMs, this.#hinderedMs, limits.intakeHinderedMs)) return came;
    let ended: NotAccepted = 'nobody';
    while (came.length < limits.intakeAcceptsPerTurnMax) {
      const connection = this.#parts.socket.accept();
      if (typeof connection === 'string') {
        ended = connection;
        break;
      }
      if (this.#handlers.came()) came.push(connection);
      else this.#drop(connection);
    }
    if (ended !== 'nobody') this.#hinderedMs = nowMs;
    const before = this.#hindrance;
    this.#hindrance = ended;
    if (ended !== 'nobody' && ended !== before) this.#handlers.fault(new Error(hindrances[ended]));
    return came;
  }

  /** Nobody can be accepted for a while; those who are held are served meanwhile. */
  get #isHindered(): boolean {
    return this.#hindrance !== 'nobody';
  }

  #drop(connection: Descriptor): void {
    this.#parts.socket.drop(connection);
    this.#handlers.dropped();
  }

  /** Most have said something by the time that they are here: the system hands them over then. */
  #hold(came: readonly Descriptor[]): void {
    const { socket, clock } = this.#parts;
    const nowMs = clock.now();
    for (const connection of came) {
      const beginning = socket.beginning(connection);
      if (beginning !== '') this.#sort(connection, beginning);
      else {
        socket.watch(connection);
        this.#silent.set(connection, nowMs);
      }
    }
  }

  #sort(connection: Descriptor, beginning: string): void {
    if (this.#handlers.canWait(beginning)) this.#waiting.add(connection);
    else this.#handlers.take(connection);
  }

  /** Looks at what those have said who were silent. */
  #listen(): void {
    if (this.#silent.size === 0) return;
    const { socket, clock } = this.#parts;
    for (const connection of socket.spoken()) {
      this.#silent.delete(connection);
      this.#sort(connection, socket.beginning(connection));
    }
    const nowMs = clock.now();
    for (const [connection, sinceMs] of this.#silent) {
      if (Math.abs(nowMs - sinceMs) < limits.intakeSilentMsMax) break;
      this.#silent.delete(connection);
      socket.leave(connection);
      this.#handlers.take(connection);
    }
  }

  #takeWaiting(): void {
    let taken = 0;
    for (const connection of this.#waiting) {
      if (taken++ === limits.intakeTakenPerTurnMax) break;
      this.#waiting.delete(connection);
      this.#handlers.take(connection);
    }
  }

  /** The next turn: when the event loop has served who was taken, a little later, or when somebody comes or says something. */
  #next(more: boolean): void {
    if (this.#closed) return;
    const [oldestMs] = this.#silent.values();
    if (more || this.#waiting.size > 0) this.#soon();
    else if (this.#broken || this.#isHindered) this.#later(limits.intakeLookMs);
    else {
      this.#bell.set();
      if (oldestMs !== undefined)
        this.#later(Math.max(0, oldestMs + limits.intakeSilentMsMax - this.#parts.clock.now()));
    }
  }

  #soon(): void {
    if (this.#turnDue) return;
    this.#turnDue = true;
    this.#parts.soon(() => {
      this.#turnDue = false;
      this.#turn();
    });
  }

  #later(ms: number): void {
    this.#timer = this.#parts.clock.after(ms, () => this.#turn());
  }
}

const hindrances: Readonly<Record<Exclude<NotAccepted, 'nobody'>, string>> = {
  exhausted: 'this process can have no more connections: see ulimit -n',
  failed: 'the system refuses to hand over who has connected',
};
