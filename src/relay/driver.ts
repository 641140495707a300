import { networkInterfaces } from 'node:os';
import { type Clock, type EndReason, LatchkeyError, type SessionId, type Timer } from '../base/index.ts';
import { isVerifiedPair, type VerifiedPair } from '../pairing/index.ts';
import { announcedAddresses, ownAddressKeys } from './addresses.ts';
import type { EngineCounters, EngineSizes } from './engine/counters.ts';
import { Engine, type EngineEvent, type EngineOutput, type EngineWire } from './engine/engine.ts';
import type { IceCredentials, Relay, RelayAddress, Wire, WireEvents } from './index.ts';
import { openDgramPort } from './udp/dgram-port.ts';
import type { OpenUdpPort, UdpPort } from './udp/port.ts';
import type { UdpAddress } from './wire/ip-address.ts';

export interface RelaySettings {
  /** The IP address to bind; `::` for all, IPv4 as well. */
  readonly host: string;
  /** 0 for any that is free. */
  readonly port: number;
  /** The IP addresses that clients are told, where they differ from this machine's own (behind NAT); else empty. */
  readonly announced: readonly string[];
}

export interface RelayPowers {
  readonly clock: Clock;
  /** How a UDP port is opened; `node:dgram` unless told otherwise. */
  readonly openPort?: OpenUdpPort;
  /** The IP addresses of this machine; the operating system's answer unless told otherwise. */
  readonly machineAddresses?: () => readonly string[];
}

/** What the relay has to tell, for logs. Numbers are in `counters` and `gauges`. */
export interface RelayObserver {
  /** A wire ended by itself. */
  ended?(session: SessionId, reason: EndReason): void;
  /** A valid check took an address from one session to another: a reused NAT port, or a spoofed source. */
  moved?(from: SessionId, to: SessionId): void;
}

/** Everything that the relay counts, readable at any time. */
export interface RelayCounters extends EngineCounters {
  readonly sendErrors: number;
  readonly receiveErrors: number;
}

export type RelayGauges = EngineSizes;

/** Opens the relay's UDP port. Throws `settings-invalid` when it cannot be bound or announced. */
export async function createRelay(
  settings: RelaySettings,
  powers: RelayPowers,
  observer: RelayObserver = {},
): Promise<Relay> {
  let driver: Driver | undefined;
  const port = await (powers.openPort ?? openDgramPort)(settings, (from, bytes) => driver?.receive(from, bytes));
  try {
    const machine = (powers.machineAddresses ?? machineAddresses)();
    const addresses = announcedAddresses(settings.announced, port.address, machine);
    const own = ownAddressKeys(addresses, port.address, machine);
    driver = new Driver(port, addresses, new Engine((key) => own.has(key)), powers.clock, observer);
    return driver;
  } catch (error) {
    await port.close();
    throw error;
  }
}

interface Opened {
  readonly session: SessionId;
  readonly events: WireEvents;
}

/** Joins the engine, the port and the clock. Events leave only when the engine has finished with an input. */
class Driver implements Relay {
  readonly addresses: readonly RelayAddress[];
  readonly #port: UdpPort;
  readonly #engine: Engine;
  readonly #clock: Clock;
  readonly #observer: RelayObserver;
  readonly #opened = new Map<EngineWire, Opened>();
  readonly #sessions = new Set<SessionId>();
  readonly #events: EngineEvent[] = [];
  readonly #output: EngineOutput;
  #telling = false;
  #timer: Timer | undefined;
  #timerAtMs = Number.POSITIVE_INFINITY;
  #closing: Promise<void> | undefined;

  constructor(
    port: UdpPort,
    addresses: readonly RelayAddress[],
    engine: Engine,
    clock: Clock,
    observer: RelayObserver,
  ) {
    this.addresses = addresses;
    this.#port = port;
    this.#engine = engine;
    this.#clock = clock;
    this.#observer = observer;
    this.#output = {
      transmit: (to, bytes) => this.#port.send(to, bytes),
      event: (event) => this.#events.push(event),
    };
  }

  get counters(): RelayCounters {
    return { ...this.#engine.counters, ...this.#port.counters };
  }

  get gauges(): RelayGauges {
    return this.#engine.sizes;
  }

  open(
    pair: VerifiedPair,
    session: SessionId,
    viewer: IceCredentials,
    camera: IceCredentials,
    events: WireEvents,
  ): Wire {
    if (!isVerifiedPair(pair)) throw new TypeError('A wire opens for a VerifiedPair and for nothing else.');
    if (this.#sessions.has(session)) throw new TypeError('A session has one wire.');
    if (this.#closing !== undefined) throw new LatchkeyError('overloaded', 'the relay is stopping');
    demandLive(pair, this.#clock.now());
    const handle = this.#engine.open(this.#clock.now(), pair.expiresAtMs, viewer, camera);
    this.#opened.set(handle, { session, events });
    this.#sessions.add(session);
    this.#settle();
    return {
      stats: () => this.#engine.stats(handle),
      restart: (newViewer, newCamera) => {
        this.#demandOpen(handle);
        this.#engine.restart(this.#clock.now(), handle, newViewer, newCamera);
      },
      extend: (fresh) => {
        if (!isVerifiedPair(fresh)) throw new TypeError('A wire is extended by a VerifiedPair and by nothing else.');
        if (fresh.subject !== pair.subject || fresh.device !== pair.device) {
          throw new LatchkeyError('not-allowed', 'another pair');
        }
        demandLive(fresh, this.#clock.now());
        this.#demandOpen(handle);
        this.#engine.extend(handle, fresh.expiresAtMs);
        this.#settle();
      },
      end: () => {
        if (this.#forget(handle) === undefined) return;
        if (!handle.ended) this.#engine.end(handle);
        this.#settle();
      },
    };
  }

  close(): Promise<void> {
    if (this.#closing === undefined) {
      for (const wire of this.#opened.keys()) {
        if (!wire.ended) this.#engine.end(wire);
        this.#events.push({ kind: 'ended', wire, reason: 'relay-stopping' });
      }
      this.#closing = this.#port.close();
      this.#settle();
    }
    return this.#closing;
  }

  /** The road of every datagram. */
  receive(from: UdpAddress, bytes: Buffer): void {
    this.#engine.datagram(this.#clock.now(), from, bytes, this.#output);
    this.#settle();
  }

  /** After each input: sets the timer to what comes next, and tells what happened. */
  #settle(): void {
    this.#setTimer();
    this.#tellAll();
  }

  #setTimer(): void {
    const atMs = this.#engine.nextDeadline();
    if (atMs === this.#timerAtMs) return;
    this.#timer?.cancel();
    this.#timer = undefined;
    this.#timerAtMs = atMs;
    if (atMs === Number.POSITIVE_INFINITY) return;
    this.#timer = this.#clock.after(Math.max(0, atMs - this.#clock.now()), () => {
      this.#timerAtMs = Number.POSITIVE_INFINITY;
      this.#engine.timeout(this.#clock.now(), this.#output);
      this.#settle();
    });
  }

  /** One event after the other: what a handler does to the relay is told when that handler is done. */
  #tellAll(): void {
    if (this.#telling) return;
    this.#telling = true;
    try {
      for (let event = this.#events.shift(); event !== undefined; event = this.#events.shift()) this.#tell(event);
    } finally {
      this.#telling = false;
    }
  }

  #tell(event: EngineEvent): void {
    switch (event.kind) {
      case 'latched':
        this.#opened.get(event.wire)?.events.latched?.(event.side);
        return;
      case 'media':
        this.#opened.get(event.wire)?.events.media?.(event.side);
        return;
      case 'moved': {
        const from = this.#opened.get(event.from);
        const to = this.#opened.get(event.to);
        if (from !== undefined && to !== undefined) this.#observer.moved?.(from.session, to.session);
        return;
      }
      case 'ended': {
        const opened = this.#forget(event.wire);
        if (opened === undefined) return;
        this.#observer.ended?.(opened.session, event.reason);
        opened.events.ended(event.reason);
      }
    }
  }

  #forget(wire: EngineWire): Opened | undefined {
    const opened = this.#opened.get(wire);
    if (opened === undefined) return undefined;
    this.#opened.delete(wire);
    this.#sessions.delete(opened.session);
    return opened;
  }

  #demandOpen(wire: EngineWire): void {
    if (!this.#opened.has(wire) || wire.ended) throw new LatchkeyError('peer-gone');
  }
}

function demandLive(pair: VerifiedPair, nowMs: number): void {
  if (pair.expiresAtMs <= nowMs) throw new LatchkeyError('not-allowed', 'expired pair');
}

function machineAddresses(): string[] {
  return Object.values(networkInterfaces()).flatMap((all) => (all ?? []).map(({ address }) => address));
}
