import { afterEach, describe, expect, it } from 'vitest';
import { LatchkeyError, limits, systemRandom } from '../../src/base/index.ts';
import type { FirstFrame } from '../../src/viewer/settings.ts';
import { WatchingOn } from '../../src/viewer/watching-on.ts';
import { ManualClock } from '../support/manual-clock.ts';

const frame = { totalMs: 1 } as FirstFrame;
const settle = () => new Promise<void>((resolve) => setImmediate(resolve));

/** A view of which the test says when it has a picture, and how it ends. */
class PlayedView {
  readonly seconds: number | undefined;
  state = 'signaling' as const;
  retryAfterSeconds: number | undefined;
  closed = 0;
  readonly #first = Promise.withResolvers<FirstFrame>();
  readonly #end = Promise.withResolvers<string>();

  constructor(seconds: number | undefined) {
    this.seconds = seconds;
    this.#first.promise.catch(() => {});
  }

  get firstFrame() {
    return this.#first.promise;
  }

  get ended() {
    return this.#end.promise;
  }

  shows(): void {
    this.#first.resolve(frame);
  }

  end(reason: string, retryAfterSeconds?: number): void {
    this.retryAfterSeconds = retryAfterSeconds;
    this.#first.reject(new LatchkeyError('peer-gone', reason));
    this.#end.resolve(reason);
  }

  async close(): Promise<void> {
    this.closed += 1;
    this.end('closed', this.retryAfterSeconds);
  }
}

const opened: WatchingOn[] = [];
afterEach(async () => {
  for (const view of opened.splice(0)) await view.close();
});

function world(seconds?: number) {
  const clock = new ManualClock();
  const views: PlayedView[] = [];
  const begin = (rest: number | undefined) => {
    const view = new PlayedView(rest);
    views.push(view);
    return view as unknown as ReturnType<ConstructorParameters<typeof WatchingOn>[0]['begin']>;
  };
  const view = new WatchingOn({ begin, seconds, powers: { clock, random: systemRandom } });
  opened.push(view);
  return { clock, views, view, last: () => views.at(-1) as PlayedView };
}

describe('who watches a relay that moves', () => {
  it.each(['relay-moving', 'relay-stopping'])(
    'watches again by itself after %s, no sooner than it was told',
    async (reason) => {
      const { clock, views, view, last } = world();
      last().shows();
      await expect(view.firstFrame).resolves.toBe(frame);
      last().end(reason, 3);
      await settle();
      clock.advance(2_999);
      await settle();
      expect(views).toHaveLength(1);
      clock.advance(1 + limits.reconnectMsFirst);
      await settle();
      expect(views).toHaveLength(2);
      expect(views[0]?.closed).toBe(1);
    },
  );

  it('looks for its camera for a while, and then says what it met', async () => {
    const { clock, views, view, last } = world();
    last().shows();
    await settle();
    last().end('relay-moving');
    for (let turn = 0; turn < 100 && clock.pending + views.length < 1_000; turn++) {
      await settle();
      clock.advance(limits.reconnectMsMax);
      await settle();
      last().end('device-offline');
    }
    expect(await view.ended).toBe('device-offline');
    expect(views.length).toBeGreaterThan(2);
    expect(clock.pending).toBe(0);
  });

  it('begins anew to look when it has seen a picture again', async () => {
    const { clock, view, views, last } = world();
    for (const _ of [1, 2, 3]) {
      last().shows();
      await settle();
      last().end('relay-moving');
      await settle();
      clock.advance(limits.cameraAwayMsMax);
      await settle();
    }
    expect(views).toHaveLength(4);
    last().shows();
    await settle();
    last().end('camera-left');
    expect(await view.ended).toBe('camera-left');
  });

  it.each(['revoked', 'not-allowed', 'expired', 'closed'])('stops at %s, also while it looks', async (reason) => {
    const { clock, view, last } = world();
    last().end('relay-moving');
    await settle();
    clock.advance(limits.reconnectMsFirst);
    await settle();
    last().end(reason);
    expect(await view.ended).toBe(reason);
    await expect(view.firstFrame).rejects.toThrow(reason);
  });

  it('goes on for no longer than it was to watch', async () => {
    const { clock, views, last } = world(60);
    last().shows();
    await settle();
    clock.advance(45_000);
    last().end('relay-moving');
    await settle();
    clock.advance(limits.reconnectMsFirst);
    await settle();
    expect(views.map(({ seconds }) => Math.round(seconds ?? 0))).toEqual([60, 15]);
  });

  it('is closed at once, also while it waits', async () => {
    const { clock, views, view, last } = world();
    last().end('relay-moving', 60);
    await settle();
    await view.close();
    expect(await view.ended).toBe('closed');
    expect([views.length, clock.pending]).toEqual([1, 0]);
  });
});
