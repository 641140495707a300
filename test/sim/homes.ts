import type { Dice } from './dice.ts';

const everybodys = '198.51.100.7';
const networks = ['192.0.2.10', '2001:db8:0:1', '2001:db8:0:2'];
const nobodys = '2001:db8:0:3';

/**
 * Where people and cameras are, as a relay sees it: a few homes, each behind one IPv4 address or one network of IPv6 (RFC 4291 section
 * 2.5.4), in which anybody has any address. In a world without bounds on addresses all are behind one.
 */
export class Homes {
  readonly #bounded: boolean;
  readonly #dice: Dice;
  readonly #addresses = new Map<string, string>();

  constructor(bounded: boolean, dice: Dice) {
    this.#bounded = bounded;
    this.#dice = dice;
  }

  /** The address of the person or camera of that number. */
  addressOf(name: string, number: number): string {
    const known = this.#addresses.get(name);
    if (known !== undefined) return known;
    const address = this.#bounded ? this.#newAddress(networks[number % networks.length] ?? everybodys) : everybodys;
    this.#addresses.set(name, address);
    return address;
  }

  /** Another address of the home that an address is of, where that has more than one. */
  neighbourOf(address: string): string {
    return this.#newAddress(this.homeOf(address));
  }

  /** An address where nobody is at home. */
  elsewhere(): string {
    return this.#newAddress(nobodys);
  }

  homeOf(address: string): string {
    return (
      [...networks, nobodys].find((network) => address === network || address.startsWith(`${network}:`)) ?? address
    );
  }

  #newAddress(network: string): string {
    if (!network.includes(':')) return network;
    const groups = Array.from({ length: 4 }, () => this.#dice.between(1, 0xffff).toString(16));
    return [network, ...groups].join(':');
  }
}
