import { pathOf } from '../../src/relay/index.ts';
import type { Dice } from './dice.ts';
import type { Faults } from './faults.ts';
import type { Node } from './node.ts';
import type { Peer } from './peer.ts';
import type { Timeline } from './timeline.ts';

type Path = NonNullable<ReturnType<typeof pathOf>>;

/** An address on the outside of somebody's router. */
export interface Address {
  readonly key: number;
  readonly path: Path;
  readonly text: string;
}

/** The same for two paths with one IPv4 address and port: the words of both hold them. */
export function keyOf(words: Uint32Array, at = 0): number {
  return (words[at + 5] ?? 0) * 65_536 + ((words[at] ?? 0) >>> 16);
}

/** Routers and what lies between them and the nodes: addresses that are lent, and datagrams that are late, lost and doubled. */
export class Network {
  readonly #timeline: Timeline;
  readonly #faults: Faults;
  readonly #dice: Dice;
  readonly #free: Address[] = [];
  readonly #holders = new Map<number, Peer>();
  /** The last lease of each address: every lease is an object of its own. */
  readonly #leases = new Map<number, Address>();
  #ports = 40_000;

  constructor(timeline: Timeline, faults: Faults, dice: Dice) {
    this.#timeline = timeline;
    this.#faults = faults;
    this.#dice = dice;
  }

  /** An address for a peer: where ports are reused, the one that somebody else gave back last. */
  lease(peer: Peer): Address {
    const used = this.#faults.strikes('reused-ports', 0.8) ? this.#free.pop() : undefined;
    const address = { ...(used ?? this.#newAddress()) };
    this.#holders.set(address.key, peer);
    this.#leases.set(address.key, address);
    return address;
  }

  release(address: Address, peer: Peer): void {
    if (this.#holders.get(address.key) !== peer) return;
    this.#holders.delete(address.key);
    this.#free.push(address);
  }

  holder(key: number): Peer | undefined {
    return this.#holders.get(key);
  }

  /** Somebody else who has an address now. */
  another(peer: Peer): Peer | undefined {
    const others = [...this.#holders.values()].filter((other) => other.view !== peer.view);
    return others.length === 0 ? undefined : this.#dice.pick(others);
  }

  toNode(node: Node, from: Address, bytes: Buffer, sender: Peer): void {
    this.#carry(() => {
      // What is on its way from an address that has become somebody else's since, even if they have left it too, passes for theirs: no
      // relay can tell, only the sealed wire.
      if (this.#leases.get(from.key) !== from) return;
      const passedOn = node.receive(from, bytes, sender);
      if (passedOn && this.#faults.strikes('replays', 0.15)) this.#replay(node, bytes, sender);
    });
  }

  /** `bytes` may be changed when this returns. */
  toPeer(key: number, bytes: Buffer): void {
    const copy = Buffer.from(bytes);
    this.#carry(() => this.#holders.get(key)?.receive(copy));
  }

  /** Whoever saw a check on its way, which has arrived, sends it again while its transaction is open. */
  #replay(node: Node, bytes: Buffer, sender: Peer): void {
    const other = this.another(sender);
    if (other === undefined) return;
    this.#timeline.after(this.#dice.between(100, 5_000), () => node.receive(other.address, bytes, other));
  }

  #carry(deliver: () => void): void {
    if (this.#faults.strikes('loss', 0.15)) return;
    const times = this.#faults.strikes('duplicates', 0.15) ? 2 : 1;
    for (let time = 0; time < times; time++) {
      const late = this.#faults.strikes('late-datagrams', 0.15) ? this.#dice.between(100, 4_000) : 0;
      this.#timeline.after(this.#dice.between(2, 40) + late, deliver);
    }
  }

  #newAddress(): Address {
    const port = this.#ports++;
    const path = pathOf('198.51.100.7', port);
    if (path === undefined) throw new TypeError('There are no addresses left.');
    return { key: keyOf(path), path, text: `198.51.100.7:${port}` };
  }
}
