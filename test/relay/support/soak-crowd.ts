import { fork } from 'node:child_process';
import { join } from 'node:path';
import { newSessionId, systemClock } from '../../../src/base/index.ts';
import type { Relay, Wire } from '../../../src/relay/index.ts';
import { pairProof } from '../../support/proofs.ts';
import { seededRandom } from '../../support/seeded-random.ts';
import { hourMs } from './engine-harness.ts';
import { iceOf } from './relay-bench.ts';
import type { SoakAnswer, SoakAsk } from './soak-messages.ts';

const lookMs = 250;

/** Sessions that come and go, as many as there are seats: each begins when the one before in its seat is over. */
export class Crowd {
  open = 0;
  ended = 0;
  sent = 0;
  lost = 0;
  /** What of that the viewers and cameras themselves had no room or no time for. */
  lostByPeers = 0;
  faults = 0;
  readonly #relay: Relay;
  readonly #packetsPerSecond: number;
  readonly #seats: number;
  readonly #peers = fork(join(import.meta.dirname, 'soak-peers.ts'), {
    execArgv: ['--disable-warning=ExperimentalWarning'],
  });
  readonly #random;
  readonly #waiting = new Map<number, (answer: SoakAnswer) => void>();
  #stopping = false;
  #serial = 0;

  constructor(relay: Relay, seats: number, packetsPerSecond: number, seed: number) {
    this.#relay = relay;
    this.#seats = seats;
    this.#packetsPerSecond = packetsPerSecond;
    this.#random = seededRandom(seed + 1);
    this.#peers.on('message', (answer: SoakAnswer) => this.#waiting.get(answer.seat)?.(answer));
  }

  /** Resolves when the time is over and every session has ended. */
  async runFor(ms: number): Promise<void> {
    const over = setTimeout(() => {
      this.#stopping = true;
    }, ms);
    await Promise.all(Array.from({ length: this.#seats }, (_, seat) => this.#fill(seat)));
    clearTimeout(over);
    this.#ask({ kind: 'finish' });
  }

  async #fill(seat: number): Promise<void> {
    while (!this.#stopping) await this.#session(seat);
  }

  async #session(seat: number): Promise<void> {
    const [ice, renewed] = [iceOf(++this.#serial), iceOf(++this.#serial)];
    const expires = this.#random.fraction() < 0.2;
    const livesMs = 5_000 + this.#random.fraction() * 55_000;
    const expiresAtMs = systemClock.now() + (expires ? livesMs + 5_000 : hourMs);
    const pair = pairProof('alice', 'cam1', systemClock.now(), expiresAtMs);
    const place = this.#relay.reserve(pair, newSessionId(this.#random));
    const over = Promise.withResolvers<string>();
    const wire = await place.open(...ice, { ended: over.resolve });
    this.open++;
    const port = place.addresses[0]?.port ?? 0;
    await this.#answered(seat, 'talking', { kind: 'begin', seat, port, packetsPerSecond: this.#packetsPerSecond, ice });
    const [restartMs, stopMs] = [livesMs / 2, livesMs];
    const restarts = this.#random.fraction() < 0.3;
    const restart = restarts && systemClock.after(restartMs, () => void this.#restart(seat, wire, renewed));
    await this.#passed(stopMs);
    if (restart) restart.cancel();
    await this.#answered(seat, 'stopped', { kind: 'stop', seat });
    // One that is stopped long before it expires falls silent.
    if (!expires) wire.end();
    else if ((await over.promise) !== 'expired' && !this.#stopping) this.faults++;
    this.open--;
    this.ended++;
  }

  async #restart(seat: number, wire: Wire, ice: ReturnType<typeof iceOf>): Promise<void> {
    try {
      await wire.restart(...ice);
      this.#ask({ kind: 'renew', seat, ice });
    } catch {
      this.faults++;
    }
  }

  /** Resolves after some time, or when the run is over: a session is not to be waited for as long as it would have lived. */
  #passed(ms: number): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const endMs = systemClock.now() + ms;
    const look = setInterval(() => {
      if (!this.#stopping && systemClock.now() < endMs) return;
      clearInterval(look);
      resolve();
    }, lookMs);
    return promise;
  }

  #answered(seat: number, kind: SoakAnswer['kind'], ask: SoakAsk): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#waiting.set(seat, (answer) => {
      if (answer.kind !== kind) return;
      if (answer.kind === 'stopped') {
        this.sent += answer.sent;
        this.lost += answer.sent - answer.received;
        this.lostByPeers = answer.lostHere;
      }
      this.#waiting.delete(seat);
      resolve();
    });
    this.#ask(ask);
    return promise;
  }

  #ask(ask: SoakAsk): void {
    this.#peers.send(ask);
  }
}
