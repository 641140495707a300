import { BlockList, isIPv6 } from 'node:net';
import { canonicalHost, LatchkeyError, limits } from '../../base/index.ts';

/** Whose address a request has where it came through proxies: those that are trusted say who was before them, and nobody else is believed. */
export class ClientAddresses {
  readonly #trusted = new BlockList();
  readonly #some: boolean;

  /** `trusted`: addresses, and networks such as `10.0.0.0/8`. Throws `settings-invalid` for others. */
  constructor(trusted: readonly string[]) {
    this.#some = trusted.length > 0;
    for (const each of trusted) {
      const [address = '', bits] = each.split('/');
      try {
        if (bits === undefined) this.#trusted.addAddress(address, familyOf(address));
        else this.#trusted.addSubnet(address, Number(bits), familyOf(address));
      } catch (cause) {
        const what = `http.trustedProxies: ${each} is neither an address nor a network such as 10.0.0.0/8`;
        throw new LatchkeyError('settings-invalid', what, { cause });
      }
    }
  }

  /**
   * The last address in `X-Forwarded-For` that no trusted proxy has; the peer's own where it is not trusted itself, or where what it says is no
   * address. What stands before was written by the client, and may be anything.
   */
  of(peer: string, forwardedFor: string | undefined): string {
    if (!this.#some || forwardedFor === undefined) return peer;
    let address = peer;
    for (const said of forwardedFor.split(',').slice(-limits.forwardedHopsMax).reverse()) {
      if (!this.#isTrusted(address)) break;
      const before = canonicalHost(said.trim());
      if (before === undefined) break;
      address = before;
    }
    return address;
  }

  #isTrusted(address: string): boolean {
    return this.#trusted.check(address, familyOf(address));
  }
}

function familyOf(address: string): 'ipv4' | 'ipv6' {
  return isIPv6(address) ? 'ipv6' : 'ipv4';
}
