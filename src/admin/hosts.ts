import { isIP } from 'node:net';

/**
 * Whether a `Host` header names this node. A page of a stranger can point a name of its own at this machine (DNS rebinding), and
 * then its origin is that name: so names are taken from a list. An address is no name, and nobody's page can have it as its origin
 * but what this machine serves there.
 */
export function isOwnHost(header: string | undefined, names: readonly string[]): boolean {
  const [, bracketed, plain] = /^(?:\[([^\]]+)\]|([^:]+))(?::\d{1,5})?$/.exec(header ?? '') ?? [];
  if (bracketed !== undefined) return isIP(bracketed) === 6;
  if (plain === undefined) return false;
  const name = plain.toLowerCase();
  return isIP(name) === 4 || name === 'localhost' || names.some((own) => own.toLowerCase() === name);
}
