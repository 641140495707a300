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

interface Said {
  readonly atMs: number;
  mayHaveFailed: boolean;
}

interface Home {
  /** Whatever came from there that may have been counted against it. */
  readonly all: Said[];
  /** Requests that were not sent away. */
  readonly tried: Span[];
  /** Requests that were refused as they cannot be good, one after the other: of those that overlap one alone has surely been counted. */
  readonly failed: Span[];
}

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

  /** A message came by a connection. Where that has proved nothing, the token in it is counted. */
  heard(address: string, text: string): void {
    if (this.#admission.attempts === undefined || !text.includes('"authorization"')) return;
    this.#home(address).all.push({ atMs: this.#timeline.nowMs, mayHaveFailed: true });
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
      demandBounds?.(status, text);
    };
  }

  #bounds(address: string, nowMs: number): ((status: number, text: string) => void) | undefined {
    const { attempts, failures } = this.#admission;
    if (attempts === undefined || failures === undefined) return undefined;
    const { all, tried, failed } = this.#home(address);
    const triedBefore = all.filter(({ atMs }) => atMs > nowMs - fullMs(attempts)).length;
    const failedBefore = all.filter((each) => each.mayHaveFailed && each.atMs > nowMs - fullMs(failures)).length;
    const mayBeFull = triedBefore >= attempts.burst || failedBefore >= failures.burst;
    const said = { atMs: nowMs, mayHaveFailed: true };
    all.push(said);
    return (status, text) => {
      said.mayHaveFailed = status === 401;
      if (text.includes('rate-exceeded')) {
        if (!mayBeFull) this.#violated(`${address} is sent away for what others did`);
        return;
      }
      if (status === 503) return;
      tried.push({ fromMs: nowMs, untilMs: nowMs });
      if (isOverdrawn(attempts, tried)) this.#violated(`${address} tries more often than it may`);
      if (!/token-signature|ticket-invalid/.test(text) || nowMs <= (failed.at(-1)?.untilMs ?? 0)) return;
      failed.push({ fromMs: nowMs, untilMs: this.#timeline.nowMs });
      if (isOverdrawn(failures, failed)) this.#violated(`${address} fails more often than it may`);
    };
  }

  #home(address: string): Home {
    const name = this.#homes.homeOf(address);
    const known = this.#known.get(name) ?? { all: [], tried: [], failed: [] };
    this.#known.set(name, known);
    return known;
  }
}

/** A bucket from which nothing was taken for so long is full. */
function fullMs({ perMinute, burst }: Bounds): number {
  return (burst * 60_000) / perMinute;
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
