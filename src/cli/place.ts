import { isIPv6 } from 'node:net';
import { InvalidArgumentError } from 'commander';

/** Reads `host`, `host:port`, `[2001:db8::1]:port` or a bare IPv6 address. */
export function placeOf(portOtherwise: number): (text: string) => { host: string; port: number } {
  return (text) => {
    if (isIPv6(text)) return { host: text, port: portOtherwise };
    const [, bracketed, named, digits] = /^(?:\[([\da-fA-F:.]+)\]|([A-Za-z0-9._-]+))(?::(\d{1,5}))?$/.exec(text) ?? [];
    const host = bracketed ?? named;
    const port = digits === undefined ? portOtherwise : Number(digits);
    if (host === undefined || (bracketed !== undefined && !isIPv6(bracketed)) || port < 1 || port > 65_535) {
      throw new InvalidArgumentError('Give a host such as relay.example, relay.example:443 or [2001:db8::1]:8080.');
    }
    return { host, port };
  };
}
