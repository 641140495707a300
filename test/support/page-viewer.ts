import type { Browser, Page } from 'playwright-core';
import { deviceInPicture } from './browser.ts';

/** A state of the picture, as somebody before the page had it. Times are in milliseconds since the Unix epoch, by the browser’s clock. */
export interface SeenState {
  readonly atMs: number;
  readonly name: string;
  readonly reason: string | undefined;
  /** The words on the picture. */
  readonly words: string;
  /** The words of the button below them, where there is one. */
  readonly button: string | undefined;
  /** Whether anything of the camera is left on the screen. */
  readonly picture: boolean;
  /** When the last frame before it was put on the screen; undefined before the first. */
  readonly paintedAtMs: number | undefined;
  /** When the view asks again by itself, in milliseconds from then. */
  readonly retryAfterMs: number | undefined;
}

/** What somebody had on the screen. */
export interface Seen {
  readonly askedAtMs: number;
  /** When the last packet of each frame that was shown came. */
  readonly framesAtMs: readonly number[];
  readonly states: readonly SeenState[];
}

/** Somebody who watches one camera on the relay’s own page. */
export interface PageViewer extends AsyncDisposable {
  readonly page: Page;
  /** Resolves at a state after the first `after`, with what was on the screen then. */
  state(name: string, after?: number): Promise<SeenState>;
  seen(): Promise<Seen>;
  /** Resolves when so many more frames have been shown; never, where the picture stands still. */
  goesOn(more?: number): Promise<void>;
  /** The name of the camera that the picture itself bears. */
  inPicture(): Promise<string | undefined>;
}

/** Opens the relay’s page as whoever has that token and plays their camera; resolves when its picture moves. */
export async function pageViewer(browser: Browser, relay: string, device: string, token: string): Promise<PageViewer> {
  const page = await browser.newPage();
  await page.addInitScript(recordPicture);
  await page.goto(`${relay}/#token=${token}`);
  await page.locator(`.tile[data-device="${device}"] .poster`).click();
  // No other list comes: what the page learns, it learns of its view.
  await page.route('**/devices', () => {});
  const viewer: PageViewer = {
    page,
    async state(name, after = 0) {
      const found = await page.waitForFunction(
        ([wanted, from]) => window.pictureSeen?.states.slice(from).find((state) => state.name === wanted),
        [name, after] as const,
        { polling: 20, timeout: 60_000 },
      );
      return (await found.jsonValue()) as SeenState;
    },
    seen: () => page.evaluate(() => window.pictureSeen as Seen),
    async goesOn(more = 5) {
      const { framesAtMs } = await viewer.seen();
      await page.waitForFunction(
        (least) => (window.pictureSeen?.framesAtMs.length ?? 0) >= least,
        framesAtMs.length + more,
        { polling: 20, timeout: 60_000 },
      );
    },
    inPicture: () => deviceInPicture(page, device),
    [Symbol.asyncDispose]: () => page.close(),
  };
  await viewer.state('live');
  await viewer.goesOn(2);
  return viewer;
}

declare global {
  interface Window {
    pictureSeen?: { askedAtMs: number; framesAtMs: number[]; states: SeenState[] };
  }
}

/** Runs in the page, before anything of it: keeps what the page’s one live view shows, from its first state on. */
function recordPicture(): void {
  const epochMs = (pageMs: number) => performance.timeOrigin + pageMs;
  const seen = { askedAtMs: 0, framesAtMs: [] as number[], states: [] as SeenState[] };
  window.pictureSeen = seen;
  const painted = new WeakMap<EventTarget, number | undefined>();

  function watchFrames(view: HTMLElement, video: HTMLVideoElement): void {
    if (painted.has(view)) return;
    painted.set(view, undefined);
    view.id = view.getAttribute('device') ?? '';
    const frame = (_: number, { receiveTime, presentationTime }: VideoFrameCallbackMetadata) => {
      seen.framesAtMs.push(epochMs(receiveTime ?? presentationTime));
      painted.set(view, epochMs(performance.now()));
      video.requestVideoFrameCallback(frame);
    };
    video.requestVideoFrameCallback(frame);
  }

  // What an element tells of itself does not bubble; it can be heard on its way there.
  document.addEventListener(
    'statechange',
    (event) => {
      const view = event.target;
      const root = view instanceof HTMLElement ? view.shadowRoot : null;
      const video = root?.querySelector('video');
      if (!(view instanceof HTMLElement) || !root || !video) return;
      if (seen.askedAtMs === 0) seen.askedAtMs = epochMs(performance.now());
      watchFrames(view, video);
      const { name, reason, retryAfterMs } = (event as CustomEvent<SeenState>).detail;
      const again = root.querySelector<HTMLElement>('.again');
      const button = again && getComputedStyle(again).display !== 'none' ? (again.textContent ?? '') : undefined;
      seen.states.push({
        atMs: epochMs(performance.now()),
        name,
        reason,
        words: root.querySelector('.status')?.textContent ?? '',
        button,
        picture: video.srcObject !== null,
        paintedAtMs: painted.get(view),
        retryAfterMs,
      });
    },
    true,
  );
}
