import { type LiveViewElement, type TokenSource, type ViewState, warm } from '../live-view.ts';
import { element, ringIcon } from './dom.ts';

export interface TileParts {
  readonly id: string;
  readonly name: string;
  readonly token: TokenSource;
  /** The words on the poster. */
  readonly invitation: string;
  readonly icon: 'keyhole' | 'play';
  statechange?(state: ViewState, elapsedMs: number): void;
  stopped?(): void;
}

/** One camera: a poster until somebody asks to watch, then the live view. */
export class Tile {
  readonly root: HTMLElement;
  readonly #parts: TileParts;
  readonly #poster: HTMLButtonElement;
  readonly #words: HTMLElement;
  readonly #under = element('div', { className: 'under' });
  readonly #stop: HTMLButtonElement;
  #view: LiveViewElement | undefined;
  #withdrawn: HTMLElement | undefined;

  constructor(parts: TileParts) {
    this.#parts = parts;
    this.#words = element('span', {}, parts.invitation);
    const ahead = () => warm();
    this.#poster = element('button', {
      type: 'button',
      className: 'poster',
      onclick: () => this.watch(),
      onpointerenter: ahead,
      onpointerdown: ahead,
      onfocus: ahead,
    });
    this.#poster.append(ringIcon(parts.icon), this.#words);
    this.#stop = element(
      'button',
      { type: 'button', className: 'plain', hidden: true, onclick: () => this.close() },
      'Close',
    );
    this.#stop.setAttribute('aria-label', `Close ${parts.name}`);
    this.root = element(
      'article',
      { className: 'tile' },
      this.#poster,
      element(
        'div',
        { className: 'caption' },
        element('div', {}, element('h3', {}, parts.name), this.#under),
        this.#stop,
      ),
    );
    this.root.dataset.device = parts.id;
    this.invite(parts.invitation, true);
  }

  get watching(): boolean {
    return this.#view !== undefined;
  }

  get withdrawn(): boolean {
    return this.#withdrawn !== undefined;
  }

  watch(): void {
    if (this.#view !== undefined || this.#withdrawn !== undefined) return;
    const fromMs = performance.now();
    const view = document.createElement('live-view');
    view.device = this.#parts.id;
    view.setAttribute('label', this.#parts.name);
    view.overlay = true;
    view.token = this.#parts.token;
    view.addEventListener('statechange', (event) => {
      const { detail } = event as CustomEvent<ViewState>;
      this.#parts.statechange?.(detail, performance.now() - fromMs);
    });
    this.#view = view;
    this.#poster.replaceWith(view);
    this.#stop.hidden = false;
    view.shadowRoot?.querySelector<HTMLElement>('.stage')?.focus({ preventScroll: true });
  }

  close(): void {
    this.reset();
    this.#poster.focus({ preventScroll: true });
    this.#parts.stopped?.();
  }

  /** Back to the poster, from whatever is shown. */
  reset(): void {
    (this.#view ?? this.#withdrawn)?.replaceWith(this.#poster);
    this.#view = undefined;
    this.#withdrawn = undefined;
    this.#stop.hidden = true;
  }

  /** Closes the picture, and says why in its place for as long as the person leaves it there. */
  withdraw(words: string): void {
    if (this.#view === undefined) return;
    const notice = element('div', { className: 'poster withdrawn', role: 'alert' });
    notice.append(ringIcon('keyhole'), element('span', {}, words));
    const hadFocus = document.activeElement === this.#view;
    this.#view.replaceWith(notice);
    this.#view = undefined;
    this.#withdrawn = notice;
    if (hadFocus) this.#stop.focus({ preventScroll: true });
  }

  /** The words of the poster, and whether the camera is there. */
  invite(words: string, online: boolean): void {
    this.#words.textContent = words;
    this.#poster.classList.toggle('offline', !online);
    this.#poster.setAttribute('aria-label', `${words}: ${this.#parts.name}`);
  }

  /** The line under the name. */
  describe(...parts: HTMLElement[]): void {
    this.#under.replaceChildren(...parts);
  }
}
