import { type Clock, type EndReason, LatchkeyError, limits, type SessionId, type Timer } from '../../base/index.ts';
import { cell, countersOf, type EngineCounters, type EngineSizes, sizesOf } from '../engine/counters.ts';
import { Ledger } from '../engine/ledger.ts';
import type { WireRates } from '../engine/leg.ts';
import type { IceCredentials, Side, WireStats, WorkerCounters } from '../index.ts';
import { portCell, portCountersOf, type UdpPortCounters } from '../udp/port.ts';
import { handOnAll } from './hand-on-all.ts';
import type { Control, Report, StationSettings } from './messages.ts';
import type { StartStation, StationLink } from './station-link.ts';

/** Who is told what happens to one wire. After `ended` nothing is told any more. */
export interface WireListener {
  readonly session: SessionId;
  latched(side: Side): void;
  media(side: Side): void;
  /** `reason` is absent where the door itself has ended it. */
  ended(reason: EndReason | undefined, stats: WireStats): void;
}

export interface WorkerObserver {
  /** A station serves, for the first time or again. */
  started?(link: StationLink): void;
  /** An address went from one wire to another. */
  moved(from: SessionId, to: SessionId): void;
  /** The station died; it begins again. */
  died(error: Error): void;
}

/**
 * The door's side of one station: gives each wire its number, remembers who has to be told, and begins again with an empty
 * station when the one it had has died. The numbers that both count in outlive the station.
 */
export class MediaWorker {
  #settings: StationSettings;
  readonly #start: StartStation;
  readonly #clock: Clock;
  readonly #observer: WorkerObserver;
  readonly #ledger: Ledger;
  readonly #listeners = new Map<number, WireListener>();
  readonly #requests = new Map<number, { answered(error?: LatchkeyError): void }>();
  readonly #free: number[] = [];
  #fresh = 0;
  #serial = 0;
  #link: StationLink | undefined;
  #ready = Promise.withResolvers<Extract<Report, { kind: 'ready' }>>();
  #isReady = false;
  #served = false;
  #closed = false;
  #starting: Timer | undefined;
  #restart: Timer | undefined;
  /** What the kernel dropped of the stations before this one: each has a socket of its own, which counts from 0. */
  #kernelDropsBefore = 0;
  /** What the threads before this one took. */
  #busySecondsBefore = 0;
  #failed = 0;

  constructor(settings: StationSettings, start: StartStation, clock: Clock, observer: WorkerObserver) {
    this.#settings = settings;
    this.#start = start;
    this.#clock = clock;
    this.#observer = observer;
    this.#ledger = new Ledger(settings.ledger);
    this.#begin();
  }

  /** Resolves when the station serves for the first time; rejects when it cannot. */
  get ready(): Promise<Extract<Report, { kind: 'ready' }>> {
    return this.#ready.promise;
  }

  /** Whether wires can be opened now. */
  get serves(): boolean {
    return this.#isReady && !this.#closed;
  }

  /** Wires that are open, or about to be. */
  get wires(): number {
    return this.#listeners.size;
  }

  get counters(): EngineCounters & UdpPortCounters {
    const port = portCountersOf(this.#settings.portCells);
    return {
      ...countersOf(this.#settings.engineCells),
      ...port,
      kernelDrops: this.#kernelDropsBefore + port.kernelDrops,
    };
  }

  /** The same, and what is known of the worker beside. */
  get figures(): WorkerCounters {
    const busySeconds = this.#busySecondsBefore + (this.#link?.busySeconds ?? 0);
    return { ...this.counters, wires: this.sizes.wires, busySeconds, failed: this.#failed };
  }

  get sizes(): EngineSizes {
    return sizesOf(this.#settings.engineCells);
  }

  /** Datagrams passed on so far. */
  get forwarded(): number {
    const { engineCells } = this.#settings;
    return (engineCells[cell.forwardedPackets] ?? 0) + (engineCells[cell.forwardedPackets + 1] ?? 0);
  }

  /** Opens a wire and resolves to its number, when the station has it. Rejects with `sdp-no-ice` or `overloaded`. */
  async open(
    expiresAtMs: number,
    viewer: IceCredentials,
    camera: IceCredentials,
    listener: WireListener,
  ): Promise<number> {
    if (!this.serves) throw new LatchkeyError('overloaded', 'the media worker begins again');
    const wire = this.#free.pop() ?? this.#fresh++;
    if (wire >= this.#ledger.wires) {
      this.#fresh--;
      throw new LatchkeyError('overloaded', 'wires');
    }
    this.#ledger.enliven(wire);
    this.#listeners.set(wire, listener);
    // A wire that could not open has not ended: it is forgotten before anybody could be told so.
    const refused = () => {
      this.#listeners.delete(wire);
      this.#setFree(wire);
    };
    await this.#ask((request) => ({ kind: 'open', request, wire, expiresAtMs, viewer, camera }), refused);
    return wire;
  }

  /** Resolves when the station has the new credentials. Rejects with `sdp-no-ice` or `overloaded`. */
  restart(wire: number, viewer: IceCredentials, camera: IceCredentials): Promise<void> {
    return this.#ask((request) => ({ kind: 'restart', request, wire, viewer, camera }));
  }

  extend(wire: number, expiresAtMs: number): void {
    this.#link?.post({ kind: 'extend', wire, expiresAtMs });
  }

  /** This station polices by these rates from here on, and so does the one that comes after it. */
  useRates(rates: WireRates): void {
    this.#settings = { ...this.#settings, rates };
    this.#link?.post({ kind: 'rates', rates });
  }

  /** From here on no datagram of the wire is passed on, whatever else the station has to do first. `ended` is told later. */
  end(wire: number): void {
    this.#ledger.kill(wire);
    this.#link?.post({ kind: 'end', wire });
  }

  /** RTP packets that the camera's side has sent. */
  cameraMedia(wire: number): number {
    return this.#ledger.rtpPackets(wire, 1);
  }

  stats(wire: number): WireStats {
    return this.#ledger.stats(wire);
  }

  /** Ends all wires and the station, which has `limits.workerAnswerMsMax` to go by itself. */
  async close(): Promise<void> {
    this.#closed = true;
    this.#starting?.cancel();
    this.#restart?.cancel();
    for (const wire of this.#listeners.keys()) this.#ledger.kill(wire);
    const late = this.#destroyLater();
    try {
      await this.#link?.close();
    } finally {
      late.cancel();
      this.#forgetAll(undefined);
    }
  }

  #begin(): void {
    this.#starting = this.#destroyLater();
    try {
      this.#link = this.#start(this.#settings, {
        report: (report) => this.#take(report),
        died: (error) => this.#died(error),
      });
    } catch (thrown) {
      this.#starting.cancel();
      if (!this.#served) throw thrown;
      this.#died(thrown as Error);
    }
  }

  /** Ends the station that runs now, unless it answers in time. */
  #destroyLater(): Timer {
    const link = this.#link;
    return this.#clock.after(limits.workerAnswerMsMax, () => (link ?? this.#link)?.destroy());
  }

  /** A question that the station does not answer in time is the last one that it was asked. `refused` is called at once, before all others hear of it. */
  #ask(question: (request: number) => Control, refused?: () => void): Promise<void> {
    const request = this.#serial++;
    return new Promise((resolve, reject) => {
      const late = this.#destroyLater();
      this.#requests.set(request, {
        answered: (error) => {
          late.cancel();
          this.#requests.delete(request);
          if (error === undefined) {
            resolve();
          } else {
            refused?.();
            reject(error);
          }
        },
      });
      this.#link?.post(question(request));
    });
  }

  #take(report: Report): void {
    switch (report.kind) {
      case 'ready':
        this.#starting?.cancel();
        this.#isReady = true;
        this.#served = true;
        if (this.#link !== undefined) this.#observer.started?.(this.#link);
        this.#ready.resolve(report);
        return;
      case 'done':
        this.#requests.get(report.request)?.answered();
        return;
      case 'refused':
        this.#requests.get(report.request)?.answered(new LatchkeyError(report.code, report.detail));
        return;
      case 'latched':
      case 'media':
        if (this.#ledger.isAlive(report.wire)) this.#listeners.get(report.wire)?.[report.kind](report.side);
        return;
      case 'moved':
        this.#moved(this.#listeners.get(report.from), this.#listeners.get(report.to));
        return;
      case 'ended':
        this.#ended(report.wire, report.reason);
    }
  }

  #moved(from: WireListener | undefined, to: WireListener | undefined): void {
    if (from !== undefined && to !== undefined) this.#observer.moved(from.session, to.session);
  }

  #ended(wire: number, reason: EndReason | undefined): void {
    const listener = this.#listeners.get(wire);
    if (listener === undefined) return;
    const stats = this.#ledger.stats(wire);
    this.#listeners.delete(wire);
    this.#setFree(wire);
    listener.ended(reason, stats);
  }

  #setFree(wire: number): void {
    this.#ledger.kill(wire);
    this.#free.push(wire);
  }

  #died(error: Error): void {
    this.#starting?.cancel();
    this.#isReady = false;
    this.#busySecondsBefore += this.#link?.busySeconds ?? 0;
    this.#link = undefined;
    this.#ready.reject(error);
    if (this.#closed || !this.#served) return;
    this.#failed++;
    this.#settleCells();
    this.#restart = this.#clock.after(limits.workerRestartMs, () => this.#begin());
    handOnAll([() => this.#observer.died(error), () => this.#forgetAll('relay-failed')], (step) => step());
  }

  /** The wires that the station had open are over, its tables are gone, and so is its socket. */
  #settleCells(): void {
    const { engineCells, portCells } = this.#settings;
    engineCells[cell.wiresEnded] = (engineCells[cell.wiresEnded] ?? 0) + (engineCells[cell.wires] ?? 0);
    engineCells.fill(0, cell.wires, cell.drops);
    this.#kernelDropsBefore += portCells[portCell.kernelDrops] ?? 0;
    portCells[portCell.kernelDrops] = 0;
  }

  /** Every wire has ended, and every question goes without an answer. A listener that throws does not keep others from being told. */
  #forgetAll(reason: EndReason | undefined): void {
    for (const { answered } of [...this.#requests.values()]) {
      answered(new LatchkeyError('overloaded', 'the media worker begins again'));
    }
    handOnAll([...this.#listeners.keys()], (wire) => this.#ended(wire, reason));
  }
}
