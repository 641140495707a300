import { type Person, signInAs } from './relay-api.ts';

/** Somebody who is signed in. The token is kept in memory alone: a page that is loaded anew forgets it. */
export interface Account {
  readonly person: Person | undefined;
  /** A token that lives for a while yet. */
  token(): Promise<string>;
  /** Whether `token` makes fresh ones. */
  readonly renewable: boolean;
}

const aheadMs = 90_000;

/** One of the demo's people: signs in again before each token runs out. */
export function demoAccount(person: Person): Account {
  let current: Promise<{ token: string; untilMs: number }> | undefined;
  const fresh = async () => {
    const { token, expiresInSeconds } = await signInAs(person.id);
    const lifeMs = expiresInSeconds * 1000;
    return { token, untilMs: performance.now() + Math.max(lifeMs - aheadMs, lifeMs / 2) };
  };
  return {
    person,
    renewable: true,
    async token() {
      const held = await current?.catch(() => undefined);
      if (held !== undefined && performance.now() < held.untilMs) return held.token;
      current = fresh();
      return (await current).token;
    },
  };
}

export function tokenAccount(token: string): Account {
  return { person: undefined, renewable: false, token: async () => token };
}

/** What a sign-in link says, from the part of the address that never leaves the browser. */
export function signInLink(hash: string): { as: string } | { token: string } | undefined {
  const parameters = new URLSearchParams(hash.replace(/^#/, ''));
  const [as, token] = [parameters.get('as'), parameters.get('token')];
  if (token !== null && token !== '') return { token };
  return as !== null && as !== '' ? { as } : undefined;
}
