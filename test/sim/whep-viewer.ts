import { descriptionOf, readOf, viewerAuthor } from './descriptions.ts';
import type { Node } from './node.ts';
import { Peer } from './peer.ts';
import { tokenOf } from './sim-identity.ts';
import type { Term, View } from './view.ts';
import type { Viewer } from './viewer.ts';
import type { World } from './world.ts';

/** The same person before a player that speaks WHEP. */
export class WhepViewer {
  readonly #world: World;
  readonly #person: Viewer;
  readonly #views = new Set<View>();

  constructor(world: World, person: Viewer) {
    this.#world = world;
    this.#person = person;
  }

  get views(): View[] {
    return [...this.#views].filter((view) => view.session !== undefined);
  }

  async watch(camera: string, node: Node): Promise<void> {
    const { term, headers } = this.#token();
    const person = this.#person.name;
    const view = this.#world.newView({ via: 'whep', person, camera, node, socket: undefined, term });
    const peer = new Peer(this.#world, view, 'viewer', node, true);
    const body = descriptionOf(viewerAuthor(view.number), 'offer', peer.ice, view.fingerprint);
    const path = `/whep/${encodeURIComponent(camera)}`;
    const response = await node.request({
      method: 'POST',
      path,
      headers: { ...headers, 'content-type': 'application/sdp' },
      body,
      remoteAddress: this.#person.address,
    });
    if (response === undefined) {
      peer.stop();
      return;
    }
    this.#world.checker.whep(view, response, { term });
    if (response.status !== 201) {
      peer.stop();
      return;
    }
    this.#world.count('opened whep');
    view.etag = response.headers?.ETag;
    this.#views.add(view);
    if (this.#world.dice.chance(0.2)) this.#world.timeline.after(8_000, () => this.vanish());
    this.#world.timeline.after(this.#world.dice.between(1, 40), () =>
      peer.start(readOf(`${response.body}`).ice, view.session ?? ''),
    );
  }

  async restart(view: View): Promise<void> {
    const { term, headers } = this.#token();
    const older = view.peers.viewer;
    const peer = new Peer(this.#world, view, 'viewer', view.node, true);
    const body = `a=ice-ufrag:${peer.ice.ufrag}\r\na=ice-pwd:${peer.ice.password}\r\n`;
    const type = { 'content-type': 'application/trickle-ice-sdpfrag', 'if-match': view.etag ?? '*' };
    const request = {
      method: 'PATCH',
      path: pathOf(view),
      headers: { ...headers, ...type },
      body,
      remoteAddress: this.#person.address,
    };
    const response = await view.node.request(request);
    if (response === undefined || response.status !== 200) {
      peer.stop();
      return;
    }
    this.#world.checker.whep(view, response, { term });
    view.etag = response.headers?.ETag;
    const { ice } = readOf(`\r\n${response.body}`);
    peer.start(ice, view.session ?? '');
    older?.stopSoon();
  }

  /** Ends a live view, the person's own or another's. */
  async end(view: View): Promise<void> {
    const foreign = view.person !== this.#person.name;
    const { headers } = this.#token();
    const remoteAddress = this.#person.address;
    const response = await view.node.request({ method: 'DELETE', path: pathOf(view), headers, remoteAddress });
    if (response === undefined) return;
    this.#world.checker.whep(view, response, { foreign });
    if (foreign || response.status >= 300) return;
    view.ended = true;
    this.#views.delete(view);
    view.peers.viewer?.stopSoon();
  }

  /** Its network is gone: nobody tells the relay. */
  vanish(): void {
    for (const view of this.#views) view.peers.viewer?.stop();
    this.#views.clear();
  }

  off(): void {
    for (const view of this.#views) {
      view.peers.viewer?.stop();
      void this.end(view);
    }
  }

  #token(): { term: Term; headers: Record<string, string> } {
    const { timeline, dice } = this.#world;
    const person = this.#person.name;
    const issuedMs = timeline.nowMs;
    const untilMs = issuedMs + dice.between(5_000, 200_000);
    const shown = this.#person.keep({ person, untilMs, issuedMs, token: tokenOf('viewer', person, untilMs, issuedMs) });
    const term = this.#world.term(shown.untilMs, shown.issuedMs, shown.token);
    return { term, headers: { authorization: `Bearer ${shown.token}` } };
  }
}

function pathOf({ camera, session }: View): string {
  return `/whep/${encodeURIComponent(camera)}/${session}`;
}
