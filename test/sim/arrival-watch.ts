import { limits } from '../../src/base/index.ts';
import type { AdmissionSettings } from '../../src/signaling/index.ts';
import type { EventLoop } from './event-loop.ts';
import type { Homes } from './homes.ts';
import type { Timeline } from './timeline.ts';

/** A request as it comes to a node. */
export interface Coming {
  readonly address: string;
  readonly lane: 'viewer' | 'camera';
  /** `good`: it has a ticket and nothing else, which has to let it in. */
  readonly ticket: 'none' | 'shown' | 'good';
}

type Bounds = NonNullable<AdmissionSettings['attempts']>;

/** When something took a place in a bucket: between the two. */
interface Span {
  readonly fromMs: number;
  readonly untilMs: number;
}

interface Home {
  /** When anything came from there that may have been counted against it. */
  readonly saidMs: number[];
  /** Requests that were not sent away. */
  readonly tried: Span[];
  /** Requests that were refused as they cannot be good, one after the other: of those that overlap one alone has surely been counted. */
  readonly failed: Span[];
}

const lookBackMs = 60_000;
/** So few fill no bucket of a world. */
const saidFew = 2;
const slack = 0.01;

/**
 * Stands before a node and counts for itself who comes: nobody may try or fail more often than their home may, nobody is sent away for another
 * home, and while the event loop is late new work is refused and good tickets are not.
 */
export class ArrivalWatch {
  readonly #timeline: Timeline;
  readonly #loop: EventLoop;
  readonly #homes: Homes;
  readonly #admission: AdmissionSettings;
  readonly #violated: (what: string) => void;
  readonly #known = new Map<string, Home>();
  /** The node is about to end, and refuses everything. */
  stopping = false;

  constructor(
    { timeline, homes }: { readonly timeline: Timeline; readonly homes: Homes },
    loop: EventLoop,
    admission: AdmissionSettings,
    violated: (what: string) => void,
  ) {
    this.#timeline = timeline;
    this.#homes = homes;
    this.#loop = loop;
    this.#admission = admission;
    this.#violated = violated;
  }

  /** A message came by a connection: where that has proved nothing it is counted. */
  heard(address: string): void {
    if (this.#admission.attempts !== undefined) this.#home(address).saidMs.push(this.#timeline.nowMs);
  }

  /** A request is about to be handled. What is returned wants to know what became of it. */
  comes({ address, lane, ticket }: Coming): (status: number, text: string) => void {
    const { nowMs } = this.#timeline;
    const lateMs = this.#loop.latelyMs(limits.lagSampleMs);
    const isTooLate = ticket === 'none' && lateMs > this.#admission.lagMsMax * (lane === 'viewer' ? 2 : 1);
    const demandBounds = this.#bounds(address, nowMs);
    return (status, text) => {
      if (isTooLate && status < 300) this.#violated(`a ${lane} is let in while the event loop is ${lateMs} ms late`);
      if (ticket === 'good' && text.includes('overloaded') && !this.stopping)
        this.#violated('a camera with a good ticket is sent away');
      if (status !== 503) demandBounds?.(text);
    };
  }

  #bounds(address: string, nowMs: number): ((text: string) => void) | undefined {
    const { attempts, failures } = this.#admission;
    if (attempts === undefined || failures === undefined) return undefined;
    const { saidMs, tried, failed } = this.#home(address);
    saidMs.push(nowMs);
    const saidLately = saidMs.filter((atMs) => atMs > nowMs - lookBackMs).length;
    return (text) => {
      if (text.includes('rate-exceeded')) {
        if (saidLately <= saidFew) this.#violated(`${address} is sent away for what others did`);
        return;
      }
      tried.push({ fromMs: nowMs, untilMs: nowMs });
      if (isOverdrawn(attempts, tried)) this.#violated(`${address} tries more often than it may`);
      if (!/token-signature|ticket-invalid/.test(text) || nowMs <= (failed.at(-1)?.untilMs ?? 0)) return;
      failed.push({ fromMs: nowMs, untilMs: this.#timeline.nowMs });
      if (isOverdrawn(failures, failed)) this.#violated(`${address} fails more often than it may`);
    };
  }

  #home(address: string): Home {
    const name = this.#homes.homeOf(address);
    const known = this.#known.get(name) ?? { saidMs: [], tried: [], failed: [] };
    this.#known.set(name, known);
    return known;
  }
}

/** Whether more was taken out of a bucket than there can have been. */
function isOverdrawn({ perMinute, burst }: Bounds, taken: readonly Span[]): boolean {
  const inOrder = taken.toSorted((a, b) => a.fromMs - b.fromMs);
  const last = inOrder.at(-1)?.untilMs ?? 0;
  return inOrder.some(({ fromMs }, at) => {
    const count = inOrder.length - at;
    return count > burst + ((last - fromMs) * perMinute) / 60_000 + slack;
  });
}
