import { z } from 'zod';
import type { DevelopmentIssuer } from '../../identity/index.ts';
import type { Route } from '../../server.ts';
import { cameras, people } from './households.ts';

const tokenSeconds = 900;
const signIn = z.object({ person: z.enum(people.map((person) => person.id) as [string, ...string[]]) });

/** `GET /demo` says who there is, `POST /demo/sign-in` gives a token to whoever asks. For the demo alone. */
export function demoRoute(issuer: () => DevelopmentIssuer | undefined): Route {
  return async (request) => {
    if (request.path === '/demo' && request.method === 'GET') return json(200, { people, cameras });
    if (request.path !== '/demo/sign-in') return undefined;
    if (request.method !== 'POST') return { ...json(405, { error: 'POST {"person": …}' }), headers: { allow: 'POST' } };
    const asked = signIn.safeParse(parsed((await request.body(1_024)).toString('utf8')));
    const issuing = issuer();
    if (!asked.success || issuing === undefined) return json(400, { error: 'There is no such person in the demo.' });
    const token = await issuing.token('viewer', asked.data.person, tokenSeconds);
    return json(200, { token, expiresInSeconds: tokenSeconds });
  };
}

function json(status: number, value: object) {
  return {
    status,
    headers: { 'content-type': 'application/json', 'cache-control': 'no-store' },
    body: JSON.stringify(value),
  };
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
