/** What a camera or a viewer says. */
interface Message {
  readonly id?: number;
  readonly method?: string;
  readonly params?: { readonly peer: string; readonly offer: string };
  readonly result?: { readonly answer: string };
}

/** Who has connected, as who they are taken for. */
export interface Peer {
  readonly subject: string;
  send(text: string): void;
}

interface Call {
  readonly camera: Peer;
  readonly viewer: Peer;
  readonly id: number | undefined;
}

/** Registers cameras and hands offers and answers on, by two maps and a table of owners: what both servers that are no Latchkey do. */
export class Switchboard {
  readonly #owners: ReadonlyMap<string, string>;
  readonly #cameras = new Map<string, Peer>();
  readonly #waiting = new Map<number, Call>();
  #calls = 0;

  /** `owners`: of each device. */
  constructor(owners: Readonly<Record<string, string>>) {
    this.#owners = new Map(Object.entries(owners));
  }

  take(from: Peer, text: string): void {
    const { id, method, params, result }: Message = JSON.parse(text);
    if (method === 'register') {
      this.#cameras.set(from.subject, from);
      answer(from, id, { result: { id: from.subject } });
    } else if (method === 'connect' && params !== undefined) {
      const camera = this.#cameras.get(params.peer);
      if (this.#owners.get(params.peer) !== from.subject)
        answer(from, id, { error: { code: 403, message: 'not yours' } });
      else if (camera === undefined) answer(from, id, { error: { code: 480, message: 'offline' } });
      else this.#invite({ camera, viewer: from, id }, params.offer);
    } else if (id !== undefined && result !== undefined) {
      const call = this.#waiting.get(id);
      this.#waiting.delete(id);
      if (call !== undefined)
        answer(call.viewer, call.id, { result: { session: `session-${id}`, answer: result.answer } });
    }
  }

  left(peer: Peer): void {
    if (this.#cameras.get(peer.subject) === peer) this.#cameras.delete(peer.subject);
    for (const [number, { camera, viewer, id }] of this.#waiting) {
      if (camera !== peer && viewer !== peer) continue;
      this.#waiting.delete(number);
      if (viewer !== peer) answer(viewer, id, { error: { code: 410, message: 'gone' } });
    }
  }

  #invite(call: Call, offer: string): void {
    const id = ++this.#calls;
    this.#waiting.set(id, call);
    const params = { session: `session-${id}`, offer };
    call.camera.send(JSON.stringify({ jsonrpc: '2.0', id, method: 'invite', params }));
  }
}

function answer(to: Peer, id: number | undefined, outcome: object): void {
  to.send(JSON.stringify({ jsonrpc: '2.0', id, ...outcome }));
}
