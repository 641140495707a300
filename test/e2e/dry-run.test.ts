import { decodeJwt } from 'jose';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type DescribedAsk, ownAdmin } from '../support/own-admin.ts';
import { type RunningRelay, runningRelay } from '../support/running-relay.ts';
import { viewerOffer } from '../support/signaling-world.ts';
import { watching } from '../support/watching.ts';

// Alice owns a camera and shares it with Ben; a neighbour has one of her own. Each of the three watches, Alice by WHEP as well.
const [garden, driveway] = ['maple-garden', 'harbour-driveway'];
let relay: RunningRelay;
let ask: DescribedAsk;
let alice: string;

beforeEach(async () => {
  relay = await runningRelay({ environment: { LATCHKEY_ADMISSION_LAG_MS_MAX: '10000' } });
  ask = ownAdmin(relay);
  await relay.grant('alice', garden);
  await relay.grant('ben', garden, 'viewer');
  await relay.grant('carol', driveway);
  await Promise.all([garden, driveway].map((device) => relay.camera(device)));
  alice = await relay.token('viewer', 'alice');
});

afterEach(() => relay[Symbol.asyncDispose]());

async function openWhep(): Promise<void> {
  const headers = { authorization: `Bearer ${alice}`, 'content-type': 'application/sdp' };
  const opened = await fetch(`${relay.url}/whep/${garden}`, { method: 'POST', headers, body: viewerOffer });
  expect(opened.status).toBe(201);
}

type Numbers = { sessionsEnded: number; connectionsClosed: number };
type Lever = readonly [what: string, method: string, path: string, body: () => object, ends: Numbers];
const revoke = (what: string, body: () => object, ends: Numbers): Lever => [
  what,
  'POST',
  '/v1/revocations',
  body,
  ends,
];
const ends = (sessionsEnded: number, connectionsClosed: number): Numbers => ({ sessionsEnded, connectionsClosed });
const off = () => ({ position: 'off' });

const levers: Lever[] = [
  revoke('signing out a viewer', () => ({ of: 'subject', subject: 'alice' }), ends(2, 1)),
  revoke('signing out a camera', () => ({ of: 'subject', subject: garden }), ends(3, 1)),
  revoke('signing out a stranger', () => ({ of: 'subject', subject: 'eve' }), ends(0, 0)),
  revoke('taking a token back', () => ({ of: 'token', tokenId: decodeJwt(alice).jti }), ends(2, 1)),
  revoke('a quarantine', () => ({ of: 'device', device: garden }), ends(3, 1)),
  revoke('taking everything back', () => ({ of: 'all' }), ends(4, 5)),
  ['switching live views off', 'PUT', '/v1/switches/live-view', off, ends(4, 0)],
  ['switching sharing off', 'PUT', '/v1/switches/sharing', off, ends(1, 0)],
  ['switching WHEP off', 'PUT', '/v1/switches/whep', off, ends(1, 0)],
  ['switching tickets off', 'PUT', '/v1/switches/tickets', off, ends(0, 0)],
  [
    'keeping one household’s cameras out',
    'PUT',
    '/v1/switches/registration',
    () => ({ position: 'off-for', prefixes: ['harbour-'], devices: [] }),
    ends(1, 1),
  ],
];

describe('a dry run, at a relay with live views', () => {
  it.each(levers)('says of %s what then ends, and ends nothing itself', async (_, method, path, body, numbers) => {
    await openWhep();
    await using hers = await watching(relay, 'alice', garden, { token: async () => alice });
    await using his = await watching(relay, 'ben', garden);
    await using carols = await watching(relay, 'carol', driveway);
    expect(await Promise.all([hers.outcome, his.outcome, carols.outcome])).toEqual(['frame', 'frame', 'frame']);
    const before = relay.server.levers.list();

    const dry = await ask(method, `${path}?dryRun=true`, { body: body() });
    expect(dry.body).toMatchObject({ dryRun: true, ...numbers });
    expect(relay.server.levers.list()).toEqual(before);
    expect(await relay.metric('latchkey_sessions')).toBe(4);

    const real = await ask(method, path, { body: body() });
    expect(real.body).toMatchObject({ dryRun: false, ...numbers });
    expect(await relay.metric('latchkey_sessions')).toBe(4 - numbers.sessionsEnded);
  });
});
