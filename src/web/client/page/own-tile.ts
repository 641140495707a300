import type { endReasons } from '../../../base/index.ts';
import type { TokenSource } from '../live-view.ts';
import { element } from './dom.ts';
import type { Device } from './relay-api.ts';
import { Tile } from './tile.ts';

export interface OwnTileParts {
  readonly device: Device;
  readonly name: string;
  readonly token: TokenSource;
  /** The person has read that the camera is theirs no more, and closed it. */
  closedForGood(): void;
}

/** `unknown` while the relay does not say. */
type CameraState = Device['state'] | 'unknown';

/** A camera that whoever is signed in may watch, with what is known of its state. */
export class OwnTile {
  readonly #tile: Tile;
  #device: Device;
  #lost = false;

  constructor({ device, name, token, closedForGood }: OwnTileParts) {
    this.#device = device;
    this.#tile = new Tile({
      id: device.id,
      name,
      token,
      invitation: 'Watch',
      icon: 'play',
      // What a view learns comes before the next list.
      statechange: (state) => {
        if (state.name === 'live') this.#show('online');
        if (state.name === 'offline') this.#show('offline');
      },
      stopped: () => {
        if (this.#lost) closedForGood();
      },
    });
    this.#show(device.state);
  }

  get root(): HTMLElement {
    return this.#tile.root;
  }

  watch(): void {
    this.#tile.watch();
  }

  /** Takes what the relay's list says now. */
  update(device: Device): void {
    if (this.#lost) this.#tile.reset();
    this.#lost = false;
    this.#device = device;
    this.#show(device.state);
  }

  /** The relay does not answer: what it said before may no longer be so. */
  loseSight(): void {
    if (!this.#lost) this.#show('unknown');
  }

  /** The camera is theirs no more. Closes the picture; false where nobody was watching, and so nothing needs to be said. */
  withdraw(): boolean {
    if (this.#lost) return true;
    if (!this.#tile.watching) return false;
    this.#lost = true;
    this.#tile.withdraw(lossOf(this.#device));
    this.#tile.describe(element('code', {}, this.#device.id));
    return true;
  }

  #show(state: CameraState): void {
    const { role, until, id } = this.#device;
    this.#tile.invite(state === 'offline' ? 'Wait for this camera' : 'Watch', state === 'online');
    const ending = until === undefined ? '' : ` until ${new Date(until).toLocaleString()}`;
    this.#tile.describe(
      element('span', { className: `state ${state}` }, stateWords[state]),
      element('span', {}, role === 'owner' ? 'Owner' : `Shared with you${ending}`),
      element('code', {}, id),
    );
  }
}

const stateWords: Readonly<Record<CameraState, string>> = {
  online: 'Online',
  offline: 'Offline',
  unknown: 'State unknown',
};

/** The relay's own words for such an end, which the view itself need not have heard yet. */
type Loss = (typeof endReasons)['revoked' | 'expired'];

function lossOf({ until }: Device): Loss {
  const isOver = until !== undefined && Date.parse(String(until)) <= Date.now();
  return isOver ? 'Your permission to watch has ended.' : 'Your permission to watch was taken back.';
}
