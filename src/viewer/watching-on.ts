import { asLatchkeyError, LatchkeyError, limits, type Timer } from '../base/index.ts';
import { type Backoff, createBackoff } from '../peer/index.ts';
import type { FirstFrame, View, ViewPowers, ViewState, ViewStats } from './settings.ts';
import type { Watching } from './watching.ts';

export interface WatchingOnParts {
  /** Begins a live view that ends by itself so long after its first frame, in seconds. */
  begin(seconds: number | undefined): Watching;
  readonly seconds: number | undefined;
  readonly powers: ViewPowers;
}

/**
 * One live view after the other, where the relay says that it is about to restart: it watches again by itself, at the time that the relay asked
 * for. While it finds its way back, what may pass by itself ends nothing, for `limits.cameraAwayMsMax`.
 */
export class WatchingOn implements View {
  readonly #parts: WatchingOnParts;
  readonly #backoff: Backoff;
  readonly #firstFrame = Promise.withResolvers<FirstFrame>();
  readonly #end = Promise.withResolvers<string>();
  #current: Watching;
  #closing = false;
  #pause: { timer: Timer; over(): void } | undefined;
  /** Since when it has been looking for the camera again. */
  #movedMs: number | undefined;
  #firstMs: number | undefined;
  #failure: LatchkeyError | undefined;

  constructor(parts: WatchingOnParts) {
    this.#parts = parts;
    this.#backoff = createBackoff(limits.reconnectMsFirst, limits.reconnectMsMax, parts.powers.random);
    this.#firstFrame.promise.catch(() => {});
    this.#current = this.#begin();
    void this.#live();
  }

  get state(): ViewState {
    return this.#current.state;
  }

  get stats(): ViewStats {
    return this.#current.stats;
  }

  get firstFrame(): Promise<FirstFrame> {
    return this.#firstFrame.promise;
  }

  get ended(): Promise<string> {
    return this.#end.promise;
  }

  async restart(): Promise<void> {
    await this.#current.restart();
  }

  async close(): Promise<void> {
    this.#closing = true;
    this.#pause?.timer.cancel();
    this.#pause?.over();
    await this.#current.close();
    await this.#end.promise;
  }

  async #live(): Promise<void> {
    let reason = await this.#current.ended;
    while (!this.#closing && this.#goesOn(reason)) {
      await this.#current.close();
      await this.#wait(this.#backoff.next(this.#current.retryAfterSeconds));
      if (this.#closing) break;
      this.#current = this.#begin();
      reason = await this.#current.ended;
    }
    this.#firstFrame.reject(this.#failure ?? new LatchkeyError('peer-gone'));
    this.#end.resolve(this.#closing ? 'closed' : reason);
  }

  #goesOn(reason: string): boolean {
    const nowMs = this.#parts.powers.clock.now();
    if (moved.has(reason)) this.#movedMs ??= nowMs;
    return this.#movedMs !== undefined && mayPass.has(reason) && nowMs - this.#movedMs < limits.cameraAwayMsMax;
  }

  #begin(): Watching {
    const { seconds, powers } = this.#parts;
    const watchedSeconds = this.#firstMs === undefined ? 0 : (powers.clock.now() - this.#firstMs) / 1000;
    const rest = seconds === undefined ? undefined : Math.max(0, seconds - watchedSeconds);
    const watching = this.#parts.begin(rest);
    watching.firstFrame.then(
      (first) => {
        this.#firstMs ??= powers.clock.now();
        this.#movedMs = undefined;
        this.#backoff.reset();
        this.#firstFrame.resolve(first);
      },
      (thrown: unknown) => {
        this.#failure = asLatchkeyError(thrown);
      },
    );
    return watching;
  }

  #wait(ms: number): Promise<void> {
    return new Promise((resolve) => {
      this.#pause = { timer: this.#parts.powers.clock.after(ms, resolve), over: resolve };
    });
  }
}

const moved: ReadonlySet<string> = new Set(['relay-moving', 'relay-stopping']);

const mayPass: ReadonlySet<string> = new Set([
  ...moved,
  'relay-unreachable',
  'relay-failed',
  'overloaded',
  'rate-exceeded',
  'keys-unavailable',
  'source-unavailable',
  'device-offline',
  'device-timeout',
  'device-busy',
  'session-limit',
  'peer-gone',
  'camera-left',
  'camera-restarted',
  'media-silent',
  'connection-lost',
]);
