import type { EndReason, Timer } from '../../base/index.ts';
import { bounds } from './bounds.ts';
import type { Figures } from './figures.ts';
import { markup, style } from './look.ts';
import { PeerStore } from './peer.ts';
import { browserPowers } from './powers.ts';
import { RelayChannels } from './relay-channels.ts';
import { idle, isActive, nextState, type StateName, type ViewEvent, type ViewState } from './states.ts';
import type { FirstFrameTiming } from './timing.ts';
import { play, type Shared, ViewRun } from './view-run.ts';

export type { FirstFrameTiming } from './timing.ts';
export type { StateName, ViewState };

/** A viewer's token, or a function that gives a fresh one whenever one is needed. */
export type TokenSource = string | (() => string | Promise<string>);

const shared: Shared = {
  powers: browserPowers,
  channels: new RelayChannels(browserPowers),
  peers: new PeerStore(browserPowers),
};

/** The relay that this module came from. */
const ownRelay = new URL(import.meta.url).origin;

/** Opens a connection to a relay ahead of need, such as when the pointer comes near a picture: the first frame then comes sooner. */
export function warm(relay: string = ownRelay): void {
  shared.channels.warm(relay);
  shared.peers.warm();
}

/**
 * The live picture of one camera.
 *
 * ```html
 * <script type="module" src="https://relay.example/live-view.js"></script>
 * <live-view device="front-door"></live-view>
 * <script type="module">
 *   const view = document.querySelector('live-view');
 *   view.token = async () => (await fetch('/my-backend/camera-token')).text();
 *   view.addEventListener('statechange', ({ detail }) => console.log(detail.name, detail.text));
 * </script>
 * ```
 *
 * It starts as soon as it is in the document with a device and a token, and goes on by itself through lost connections,
 * cameras that come and go, and tokens that run out (where `token` is a function). Sound is off until asked for.
 *
 * Attributes: `relay` (address; by default the relay that this module came from), `device`, `token` (prefer the property:
 * attributes can be read by anything on the page), `label` (what the camera is called, for assistive technology),
 * `muted="false"` (ask for sound at once), `overlay` (show figures). `state` is written by the element, for style sheets.
 *
 * Events: `statechange` (`detail`: a `ViewState`), `firstframe` (`detail`: a `FirstFrameTiming`, in milliseconds).
 * Keys: space pauses and resumes, M is sound, F is full screen.
 */
export class LiveViewElement extends HTMLElement {
  static readonly observedAttributes = ['relay', 'device', 'token', 'label', 'muted'];

  /** The `<video>` in the shadow tree. */
  readonly video: HTMLVideoElement;
  readonly #stage: HTMLElement;
  readonly #status: HTMLElement;
  readonly #badge: HTMLElement;
  readonly #figures: HTMLElement;
  #token: TokenSource | undefined;
  #state: ViewState = idle;
  #run: ViewRun | undefined;
  #retry: Timer | undefined;
  #paused = false;
  #startQueued = false;
  #firstFrameMs: number | undefined;
  readonly #online = () => {
    if (this.#retry !== undefined) this.#step({ kind: 'retry' });
  };

  constructor() {
    super();
    const root = this.attachShadow({ mode: 'open' });
    root.innerHTML = markup;
    const sheet = new CSSStyleSheet();
    sheet.replaceSync(style);
    root.adoptedStyleSheets = [sheet];
    this.video = part(root, 'video', HTMLVideoElement);
    this.#stage = part(root, '.stage', HTMLElement);
    this.#status = part(root, '.status', HTMLElement);
    this.#badge = part(root, '.badge', HTMLElement);
    this.#figures = part(root, '.figures', HTMLElement);
    this.video.muted = true;
    this.video.autoplay = true;
    this.video.addEventListener('volumechange', () => this.#renderControls());
    root.addEventListener('click', (event) => this.#click(event));
    root.addEventListener('focusin', () => this.#offerControls());
    root.addEventListener('keydown', (event) => this.#key(event as KeyboardEvent));
  }

  /** What is shown now. */
  get state(): StateName {
    return this.#state.name;
  }

  /** The same in full: the words, the relay's code, the number of tries. */
  get viewState(): ViewState {
    return this.#state;
  }

  /** The WebRTC connection of the present session, while there is one. */
  get peerConnection(): RTCPeerConnection | undefined {
    return this.#run?.connection;
  }

  get relay(): string {
    return this.getAttribute('relay') ?? ownRelay;
  }

  set relay(address: string) {
    this.setAttribute('relay', address);
  }

  get device(): string {
    return this.getAttribute('device') ?? '';
  }

  set device(id: string) {
    this.setAttribute('device', id);
  }

  /** Who watches. A function is asked at each start and before each expiry, and may be asynchronous. */
  get token(): TokenSource | undefined {
    return this.#token ?? this.getAttribute('token') ?? undefined;
  }

  set token(source: TokenSource | undefined) {
    if (source === this.#token) return;
    this.#token = source;
    this.#tokenChanged();
  }

  get muted(): boolean {
    return this.video.muted;
  }

  /** Sound may be switched on only after the person has touched the page: browsers keep it off before. */
  set muted(off: boolean) {
    this.video.muted = off;
    if (this.video.srcObject !== null) play(this.video);
  }

  get overlay(): boolean {
    return this.hasAttribute('overlay');
  }

  set overlay(shown: boolean) {
    this.toggleAttribute('overlay', shown);
  }

  /** Starts, or starts anew. Does nothing without a device and a token. */
  start(): void {
    this.#paused = false;
    if (!this.isConnected || this.device === '' || this.token === undefined) return;
    this.#step({ kind: 'start' });
  }

  /** Leaves the session. It stays so until `start`. */
  stop(): void {
    this.#paused = true;
    this.#step({ kind: 'stop' });
  }

  connectedCallback(): void {
    window.addEventListener('online', this.#online);
    this.#render();
    this.#queueStart();
  }

  disconnectedCallback(): void {
    window.removeEventListener('online', this.#online);
    // An element that is moved is back at once, and keeps its picture.
    queueMicrotask(() => {
      if (!this.isConnected) this.#step({ kind: 'stop' });
    });
  }

  attributeChangedCallback(name: string, before: string | null, now: string | null): void {
    if (before === now) return;
    if (name === 'muted') this.muted = now !== 'false';
    else if (name === 'label') this.#render();
    else if (name === 'token') this.#tokenChanged();
    else {
      if (isActive(this.#state)) this.#step({ kind: 'stop' });
      this.#queueStart();
    }
  }

  #tokenChanged(): void {
    if (this.#state.name === 'live') this.#run?.extend();
    else this.#queueStart();
  }

  /** Attributes and properties often come one after the other; one start is enough for them all. */
  #queueStart(): void {
    if (this.#startQueued) return;
    this.#startQueued = true;
    queueMicrotask(() => {
      this.#startQueued = false;
      if (!this.#paused && !isActive(this.#state)) this.start();
    });
  }

  #step(event: ViewEvent): void {
    const source = this.token;
    const circumstances = { fraction: shared.powers.fraction(), renewable: typeof source === 'function' };
    const before = this.#state;
    this.#state = nextState(before, event, circumstances);
    this.#retry?.cancel();
    this.#retry = undefined;
    if (event.kind !== 'frame') this.#run?.end();
    if (event.kind !== 'frame') this.#run = undefined;
    if (event.kind === 'start' || event.kind === 'retry') this.#begin(source ?? '');
    const { retryAfterMs } = this.#state;
    if (retryAfterMs !== undefined) {
      this.#retry = shared.powers.after(retryAfterMs, () => this.#step({ kind: 'retry' }));
    }
    this.#render();
    if (before.name !== this.#state.name || before.text !== this.#state.text) {
      this.dispatchEvent(new CustomEvent<ViewState>('statechange', { detail: this.#state }));
    }
  }

  #begin(source: TokenSource): void {
    const run: ViewRun = new ViewRun({
      ...shared,
      relay: this.relay,
      device: this.device,
      video: this.video,
      token: async () => {
        const current = this.token ?? source;
        return typeof current === 'function' ? await current() : current;
      },
      renewable: typeof source === 'function',
      firstFrame: (timing) => {
        if (run !== this.#run) return;
        this.#firstFrameMs = timing.totalMs;
        this.#step({ kind: 'frame' });
        this.dispatchEvent(new CustomEvent<FirstFrameTiming>('firstframe', { detail: timing }));
      },
      figures: (figures) => {
        if (run === this.#run) this.#renderFigures(figures);
      },
      over: (event) => {
        if (run === this.#run) this.#step(event);
      },
    });
    this.#run = run;
  }

  /** Shows the controls for a while: without a pointer that hovers, a touch is how one asks for them. */
  #offerControls(): void {
    const bar = part(this.#stage, '.bar', HTMLElement);
    for (const offer of bar.getAnimations()) if (offer.id === offerId) offer.cancel();
    const shown = { opacity: 1, pointerEvents: 'auto' };
    bar.animate([shown, { ...shown, offset: 0.9 }, {}], { id: offerId, duration: bounds.controlsMs });
  }

  #click(event: Event): void {
    this.#offerControls();
    const button = event.target instanceof Element ? event.target.closest('button') : null;
    const does = button?.dataset.does;
    if (does === 'start') this.start();
    if (does === 'pause') this.#togglePause();
    if (does === 'sound') this.muted = !this.muted;
    if (does === 'fullscreen') this.#toggleFullScreen();
  }

  #key(event: KeyboardEvent): void {
    if (event.altKey || event.ctrlKey || event.metaKey || event.repeat) return;
    const onButton = event.target instanceof HTMLButtonElement;
    const key = event.key.toLowerCase();
    if (key === ' ' && !onButton) this.#togglePause();
    else if (key === 'm') this.muted = !this.muted;
    else if (key === 'f') this.#toggleFullScreen();
    else return;
    event.preventDefault();
  }

  #togglePause(): void {
    if (isActive(this.#state)) this.stop();
    else this.start();
  }

  #toggleFullScreen(): void {
    const change = document.fullscreenElement === this ? document.exitFullscreen() : this.requestFullscreen();
    change.catch(() => {});
  }

  #render(): void {
    const { name, text, reason } = this.#state;
    if (this.isConnected) this.setAttribute('state', name);
    // Nothing of a camera stays on the screen of somebody who may not see it any more.
    if (name !== 'live' && name !== 'connecting' && name !== 'reconnecting') this.video.srcObject = null;
    if (name !== 'live') this.#figures.textContent = '';
    const words = name === 'idle' ? text || (this.#paused ? 'Paused.' : '') : text;
    if (this.#status.textContent !== words) this.#status.textContent = words;
    part(this.#stage, '.note', HTMLElement).textContent = waits.has(name) ? 'Trying again by itself.' : '';
    this.#badge.textContent = name === 'live' ? 'Live' : 'Reconnecting';
    const again = part(this.#stage, '.again', HTMLElement);
    again.textContent = name === 'idle' ? 'Watch' : overs.has(reason) ? 'Watch again' : 'Try again';
    this.#stage.setAttribute('aria-label', `Live view of ${this.getAttribute('label') ?? this.device}`);
    this.#renderControls();
  }

  #renderControls(): void {
    const active = isActive(this.#state);
    label(part(this.#stage, '[data-does=pause]', HTMLElement), active, active ? 'Pause (space)' : 'Watch (space)');
    label(
      part(this.#stage, '[data-does=sound]', HTMLElement),
      !this.muted,
      this.muted ? 'Sound on (M)' : 'Sound off (M)',
    );
  }

  #renderFigures({ width, height, framesPerSecond, kilobitsPerSecond }: Figures): void {
    const words = [
      this.#firstFrameMs === undefined ? '' : `${Math.round(this.#firstFrameMs)} ms to picture`,
      `${width}×${height}`,
      `${Math.round(framesPerSecond)} fps`,
      `${Math.round(kilobitsPerSecond)} kbit/s`,
    ];
    const spans = words.map((text) => Object.assign(document.createElement('span'), { textContent: text }));
    this.#figures.replaceChildren(...spans);
  }
}

const offerId = 'offer-controls';

/** What tries again by itself, and does not look it. */
const waits: ReadonlySet<StateName> = new Set(['offline', 'busy']);
/** Ends after which nothing stands against another view. */
const overs: ReadonlySet<string | undefined> = new Set(['time-limit', 'idle'] satisfies EndReason[]);

function label(button: HTMLElement, on: boolean, words: string): void {
  button.toggleAttribute('data-on', on);
  button.setAttribute('aria-label', words);
  button.title = words;
}

function part<T extends Element>(root: ParentNode, selector: string, kind: abstract new () => T): T {
  const found = root.querySelector(selector);
  if (!(found instanceof kind)) throw new TypeError(`the markup has no ${selector}`);
  return found;
}

if (customElements.get('live-view') === undefined) customElements.define('live-view', LiveViewElement);

declare global {
  interface HTMLElementTagNameMap {
    'live-view': LiveViewElement;
  }
}
