import type { Account } from './account.ts';
import { element } from './dom.ts';
import { OwnTile } from './own-tile.ts';
import { ApiRefusal, type Demo, type Device, listDevices, type OtherCamera } from './relay-api.ts';
import { householdName } from './sign-in.ts';
import { Tile } from './tile.ts';

const pollMs = 5_000;

export interface CamerasScreen {
  readonly root: HTMLElement;
  /** Closes all views and asks the relay for nothing more. */
  close(): void;
}

/** The cameras of whoever is signed in, with their state, and in the demo those of the others, to be refused. */
export function camerasScreen(
  account: Account,
  demo: Demo | undefined,
  signOut: (words: string) => void,
): CamerasScreen {
  const closing = new AbortController();
  const tiles = new Map<string, OwnTile>();
  const grid = element('div', { className: 'tiles' });
  const all = element('button', { type: 'button', className: 'plain', hidden: true }, 'Watch all');
  const notice = element('p', { className: 'notice', hidden: true, role: 'status' });
  const others = element('section', { className: 'section' });
  let othersShown: string | undefined;
  const token = account.renewable ? () => account.token() : undefined;

  function show(devices: readonly Device[], fixed: string): void {
    const seen = new Set(devices.map(({ id }) => id));
    for (const [id, tile] of tiles) {
      if (!seen.has(id) && !tile.withdraw()) drop(id);
    }
    for (const device of devices) {
      const known = tiles.get(device.id);
      if (known === undefined) add(device, fixed);
      else known.update(device);
    }
    showEmptiness();
    all.hidden = devices.filter(({ state }) => state === 'online').length < 2;
    showOthers(seen, fixed);
  }

  function add(device: Device, fixed: string): void {
    const known = demo?.cameras.find(({ id }) => id === device.id);
    const tile = new OwnTile({
      device,
      name: known?.name ?? device.name ?? device.id,
      token: token ?? fixed,
      closedForGood: () => {
        drop(device.id);
        showEmptiness();
      },
    });
    tiles.set(device.id, tile);
    grid.append(tile.root);
  }

  function drop(id: string): void {
    tiles.get(id)?.root.remove();
    tiles.delete(id);
  }

  function showEmptiness(): void {
    if (tiles.size === 0) grid.replaceWith(nothing);
    else nothing.replaceWith(grid);
  }

  function showOthers(own: ReadonlySet<string>, fixed: string): void {
    const cameras = demo?.cameras.filter(({ id }) => !own.has(id)) ?? [];
    const key = cameras.map(({ id }) => id).join();
    if (key === othersShown) return;
    othersShown = key;
    others.hidden = cameras.length === 0;
    others.replaceChildren(
      element(
        'div',
        { className: 'section-head' },
        element('h2', {}, 'Try a camera that isn’t yours'),
        element('p', {}, 'Their names are known. That is not enough.'),
      ),
      element('div', { className: 'tiles' }, ...cameras.map((camera) => othersTile(camera, token ?? fixed).root)),
    );
  }

  async function poll(): Promise<void> {
    try {
      const fixed = await account.token();
      const devices = await listDevices(fixed);
      if (closing.signal.aborted) return;
      notice.hidden = true;
      show(devices, fixed);
    } catch (error) {
      if (closing.signal.aborted) return;
      if (error instanceof ApiRefusal && error.status === 401) {
        signOut(error.message);
        return;
      }
      for (const tile of tiles.values()) tile.loseSight();
      notice.hidden = false;
      notice.textContent = error instanceof ApiRefusal ? error.message : 'The relay cannot be reached. Trying again…';
    }
    const timer = setTimeout(() => void poll(), pollMs);
    closing.signal.addEventListener('abort', () => clearTimeout(timer), { once: true });
  }

  const nothing = element('p', { className: 'empty' }, 'No camera is yours, and nobody shares one with you.');
  all.addEventListener('click', () => {
    for (const tile of tiles.values()) tile.watch();
  });
  const greeting = account.person === undefined ? 'Your cameras' : `${account.person.name}’s cameras`;
  const root = element(
    'div',
    {},
    element(
      'div',
      { className: 'section-head' },
      element('div', {}, element('h1', {}, greeting), element('p', { className: 'lead' }, introduction(account))),
      all,
    ),
    notice,
    grid,
    others,
  );
  void poll();
  return {
    root,
    close() {
      closing.abort();
      root.remove();
    },
  };
}

/** Asks for a camera of somebody else, and shows the relay's refusal for what it is. */
function othersTile(camera: OtherCamera, token: ConstructorParameters<typeof Tile>[0]['token']): Tile {
  const verdict = element('p', { className: 'verdict', hidden: true, role: 'status' });
  const tile = new Tile({
    id: camera.id,
    name: camera.name,
    token,
    invitation: 'Try to watch',
    icon: 'keyhole',
    statechange(state, elapsedMs) {
      verdict.hidden = state.name !== 'not-allowed';
      if (state.name !== 'not-allowed') return;
      const after = ` Refused after ${Math.max(1, Math.round(elapsedMs))} ms, before the camera heard of it.`;
      verdict.replaceChildren(
        element('strong', {}, 'Not yours: the relay refused. Nothing was sent.'),
        element('span', {}, after),
      );
    },
    stopped: () => {
      verdict.hidden = true;
    },
  });
  tile.describe(element('span', {}, householdName(camera.household)), element('code', {}, camera.id));
  tile.root.append(verdict);
  return tile;
}

function introduction({ person }: Account): string {
  return person === undefined
    ? 'What this token’s owner may watch.'
    : `${person.name} ${person.note.replace(/^a guest: /, 'is a guest: ').replace(/^a stranger: /, 'is a stranger: ')}.`;
}
