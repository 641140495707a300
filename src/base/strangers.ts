import { Counts } from './counts.ts';
import { isLoopback, networkOf } from './ip-address.ts';

/**
 * Those who have proved nothing yet: a bounded number of places, and of these a share for each address,
 * so that no host holds them all. Over loopback come the connections of everyone behind a proxy on this machine, and a
 * process of the machine itself is no stranger: they have no share but the whole.
 */
export class Strangers<Member> {
  readonly #placesMax: number;
  readonly #perNetworkMax: number;
  readonly #networks = new Map<Member, string>();
  readonly #taken = new Counts<string>();

  constructor(placesMax: number, perNetworkMax: number) {
    this.#placesMax = placesMax;
    this.#perNetworkMax = perNetworkMax;
  }

  get size(): number {
    return this.#networks.size;
  }

  /** How many addresses have a place. */
  get networks(): number {
    return this.#taken.size;
  }

  /** Whether one more from that canonical address may come. */
  hasRoomFor(host: string): boolean {
    if (this.#networks.size >= this.#placesMax) return false;
    if (isLoopback(host)) return true;
    return this.#taken.of(networkOf(host)) < this.#perNetworkMax;
  }

  add(member: Member, host: string): void {
    const network = networkOf(host);
    this.#networks.set(member, network);
    this.#taken.add(network);
  }

  /** Gives a place back. Calling it twice, or for one that has none, does nothing. */
  delete(member: Member): void {
    const network = this.#networks.get(member);
    if (network === undefined) return;
    this.#networks.delete(member);
    this.#taken.take(network);
  }
}
