// Whoever reads logs, errors or metrics, where a token came by a query string, a header or a parameter. The redacting
// type holds: whatever prints a token prints no token.
import { inspect } from 'node:util';
import { expect, it } from 'vitest';
import { LatchkeyError, type Redacted } from '../../src/base/index.ts';
import { MemorySocket } from '../support/memory-transport.ts';
import { signalingWorld, viewerOffer } from '../support/signaling-world.ts';

const token = 'eyJhbGciOiJFUzI1NiJ9.c2VjcmV0.c2lnbmF0dXJl';

/** An identity that throws what it was given, as a careless library might. */
function careless() {
  const verify = async (given: Redacted<string>): Promise<never> => {
    throw new LatchkeyError('token-signature', `no key for ${given}`, { cause: new Error(inspect(given)) });
  };
  const broken = async (given: Redacted<string>): Promise<never> => {
    throw new Error(`cannot read ${given} ${JSON.stringify({ given })}`);
  };
  return [
    { verify, verifyViewer: verify, verifyCamera: verify },
    { verify: broken, verifyViewer: broken, verifyCamera: broken },
  ];
}

it('no token reaches an answer, an observer or an error, wherever it came from', async () => {
  for (const identity of careless()) {
    const world = signalingWorld(1, { identity });
    const heard: unknown[] = [];
    const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/sdp' };
    heard.push(await world.upgrade({ query: `access_token=${token}` }), await world.upgrade({ headers }));
    for (const path of ['/devices', '/whep/cam1'])
      heard.push(await world.http({ method: path === '/devices' ? 'GET' : 'POST', path, headers, body: viewerOffer }));
    const socket = await world.upgrade();
    if (!(socket instanceof MemorySocket)) throw new Error('it was refused');
    socket.ask('register', { authorization: token });
    await world.settle();
    heard.push(socket.received, socket.closed, world.told, world.faults);
    expect(heard.length).toBe(8);
    expect(inspect(heard, { depth: 12, showHidden: true })).not.toContain(token);
    expect(inspect(heard, { depth: 12 })).not.toContain('c2VjcmV0');
  }
});

it('an address of HTTP takes no token from its query', async () => {
  const world = signalingWorld();
  const response = await world.http({ path: '/devices', query: 'access_token=viewer/alice' });
  expect(response.status).toBe(401);
});
