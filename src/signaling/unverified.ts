import { limits } from '../base/index.ts';

/**
 * The connections that have shown no token yet: a bounded number of places, and of these a share for each address, so that
 * no host holds them all. Over loopback come the connections of everyone behind a proxy on this machine, and a process of the
 * machine itself is no stranger: they have no share but the whole.
 */
export class Unverified<Member> {
  readonly #placesMax: number;
  readonly #networks = new Map<Member, string>();
  readonly #taken = new Map<string, number>();

  constructor(placesMax: number) {
    this.#placesMax = placesMax;
  }

  /** Whether one more from that address may come. */
  hasRoomFor(remoteAddress: string): boolean {
    if (this.#networks.size >= this.#placesMax) return false;
    if (isLoopback(remoteAddress)) return true;
    return (this.#taken.get(networkOf(remoteAddress)) ?? 0) < limits.connectionsUnregisteredPerAddressMax;
  }

  add(member: Member, remoteAddress: string): void {
    const network = networkOf(remoteAddress);
    this.#networks.set(member, network);
    this.#taken.set(network, (this.#taken.get(network) ?? 0) + 1);
  }

  /** Gives a place back. Calling it twice, or for one that has none, does nothing. */
  delete(member: Member): void {
    const network = this.#networks.get(member);
    if (network === undefined) return;
    this.#networks.delete(member);
    const rest = (this.#taken.get(network) ?? 0) - 1;
    if (rest > 0) this.#taken.set(network, rest);
    else this.#taken.delete(network);
  }
}

function isLoopback(address: string): boolean {
  return address === '::1' || address.startsWith('127.');
}

/** An IPv4 address itself; of an IPv6 address the first 64 bits, since a host has every address behind them (RFC 4291 section 2.5.4). */
function networkOf(address: string): string {
  if (!address.includes(':')) return address;
  const [front = [], back = []] = address.split('::').map((half) => (half === '' ? [] : half.split(':')));
  const zeros = Array.from({ length: Math.max(0, 8 - front.length - back.length) }, () => '0');
  return [...front, ...zeros, ...back].slice(0, 4).join(':');
}
