import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import type { IncomingMessage } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { Redacted, systemClock, systemRandom } from '../../src/base/index.ts';
import { runStorm, type StormObserver, type StormPlan, type StormReport, takeAim } from '../../src/storm/index.ts';
import { runningRelay } from '../support/running-relay.ts';
import { selfSigned } from '../support/self-signed.ts';
import { type Lies, nameOf, startLyingRelay } from './lying-relay.ts';

const devices = ['door', 'garden', 'attic'];
const never = new AbortController().signal;

async function planFor(relay: string, changes: Partial<StormPlan> = {}): Promise<StormPlan> {
  return {
    relay,
    aim: await takeAim({ relay, targetIsMine: false }),
    cameras: devices.map((device) => ({ device, token: new Redacted(`camera:${device}`) })),
    viewers: ['alice', 'ben'].map((subject) => ({ subject, token: new Redacted(`viewer:${subject}`), devices })),
    asksPerSecond: 100,
    connectsPerSecondMax: 1_000,
    holdMs: 100,
    steady: 0,
    msMax: 20_000,
    outage: 'cut',
    awayMs: 0,
    usesTickets: true,
    honoursRetryAfter: true,
    ...changes,
  };
}

const powers = { clock: systemClock, random: systemRandom };

function grantOf(device: string): string {
  return `h.${Buffer.from(JSON.stringify({ device, sub: 'alice' })).toString('base64url')}.s`;
}

async function stormOn(
  lies: Lies,
  changes: Partial<StormPlan> = {},
  observer: StormObserver = {},
): Promise<StormReport> {
  await using relay = await startLyingRelay(lies);
  return await runStorm(await planFor(relay.url, changes), powers, observer, never);
}

describe('a storm', () => {
  it('brings a fleet back to a real relay, answers viewers, and sees no crossing', async () => {
    await using relay = await runningRelay();
    const cameras = await Promise.all(
      Array.from({ length: 8 }, async (_, index) => {
        await relay.grant(index % 2 === 0 ? 'alice' : 'ben', `camera-${index}`);
        return { device: `camera-${index}`, token: new Redacted(await relay.token('camera', `camera-${index}`)) };
      }),
    );
    const viewers = await Promise.all(
      ['alice', 'ben'].map(async (subject, person) => ({
        subject,
        token: new Redacted(await relay.token('viewer', subject)),
        devices: cameras.filter((_, index) => index % 2 === person).map(({ device }) => device),
      })),
    );
    const report = await runStorm(await planFor(relay.url, { cameras, viewers, holdMs: 1_000 }), powers, {}, never);
    expect(report).toMatchObject({
      outcome: 'complete',
      crossings: 0,
      gathering: { missing: 0 },
      storm: { missing: 0 },
    });
    expect(report.watchedBefore?.answered).toBeGreaterThan(0);
    expect(report.watchedBefore?.refusals).toEqual({});
    expect(report.strangers.asked).toBeGreaterThan(0);
    expect(report.strangers.refusals).toEqual({ 'JSON-RPC 403 not-allowed': report.strangers.asked });
    expect(await relay.metric('latchkey_registrations_total')).toBe(16);
  });

  it('goes over TLS too, where the relay’s certificate is trusted', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'latchkey-storm-'));
    const { certificate, key } = selfSigned();
    const [certificateFile, keyFile] = [join(folder, 'cert.pem'), join(folder, 'key.pem')];
    writeFileSync(certificateFile, certificate);
    writeFileSync(keyFile, key);
    const environment = { LATCHKEY_HTTP_TLS: JSON.stringify({ certificateFile, keyFile }) };
    await using relay = await runningRelay({ environment });
    const url = relay.url.replace('127.0.0.1', 'localhost');
    await relay.grant('alice', 'door');
    const cameras = [{ device: 'door', token: new Redacted(await relay.token('camera', 'door')) }];
    const viewers = [
      { subject: 'alice', token: new Redacted(await relay.token('viewer', 'alice')), devices: ['door'] },
    ];
    const trusting = await takeAim({ relay: url, caFile: certificateFile, targetIsMine: false });
    const changes = { cameras, viewers, asksPerSecond: 5, holdMs: 1_000 };
    const report = await runStorm(await planFor(url, { ...changes, aim: trusting }), powers, {}, never);
    expect(report).toMatchObject({ outcome: 'complete', crossings: 0, watchedBefore: { refusals: {} } });
    expect(report.watchedBefore?.answered).toBeGreaterThan(0);
    const distrusting = await runStorm(await planFor(url, { ...changes, msMax: 500 }), powers, {}, never);
    expect(Object.keys(distrusting.gathering.refusals)).toContain('DEPTH_ZERO_SELF_SIGNED_CERT');
    rmSync(folder, { recursive: true, force: true });
  });

  it('sees a relay that lets everybody in, at the viewer and at the camera', async () => {
    const viewers = ['alice', 'ben'].map((subject, person) => ({
      subject,
      token: new Redacted(`viewer:${subject}`),
      devices: devices.slice(person, person + 1),
    }));
    const report = await stormOn({}, { viewers });
    const told = report.crossingsTold.map(({ what }) => what);
    expect(told).toContainEqual(expect.stringMatching(/^an offer of (alice|ben), who may not see it$/));
    const eager = await stormOn({ answerOfNobody: 'v=0' }, { viewers });
    expect(eager.crossingsTold.map(({ what }) => what)).toContainEqual(
      expect.stringMatching(/^a live view of \w+, which is not theirs to see$/),
    );
  });

  it('sees an answer of another camera', async () => {
    const seen: string[] = [];
    const swapped = { asked: (device: string) => devices[(devices.indexOf(device) + 1) % devices.length] ?? '' };
    const report = await stormOn(swapped, {}, { crossing: ({ what }) => seen.push(what) });
    expect(report.crossings).toBeGreaterThan(0);
    expect(seen[0]).toMatch(/^an offer of (alice|ben) to /);
  });

  it('sees an answer that was given before, to another question', async () => {
    let first: string | undefined;
    const report = await stormOn({
      answer(answer) {
        first ??= answer;
        return first;
      },
    });
    expect(report.crossings).toBeGreaterThan(0);
    expect(report.crossingsTold.some(({ what }) => /another question|asked for|for (alice|ben)/.test(what))).toBe(true);
  });

  it('sees a grant that names somebody else', async () => {
    const report = await stormOn({ grant: () => grantOf('cellar') });
    expect(report.crossingsTold.map(({ what }) => what)).toContain('a grant for the device cellar');
  });

  it.each<[string, Lies, string]>([
    [
      'a second registration, as another camera',
      { behindRegistered: () => ({ id: 1, result: { id: 'cellar' } }) },
      'registered as cellar (or its token names another device)',
    ],
    [
      'an offer to a viewer',
      { behindAnswer: () => ({ id: 'behind', method: 'invite', params: { session: 'x', offer: 'v=0' } }) },
      'an offer, where no camera makes one',
    ],
    [
      'a second answer, of nobody',
      { behindAnswer: () => ({ id: 2, result: { session: 'x', answer: 'v=0' } }) },
      'an answer to no question',
    ],
    [
      'an extension of a session that is another camera’s',
      {
        behindOffer: () => ({ id: 'behind', method: 'extend', params: { session: 'elsewhere', expiryTimeSeconds: 9 } }),
      },
      'an extension of a session of another camera',
    ],
    [
      'an extension with a grant that names somebody else',
      { behindOffer: (session) => ({ id: 'behind', method: 'extend', params: { session, grant: grantOf('cellar') } }) },
      'a grant for the device cellar',
    ],
  ])('sees %s, behind what was right', async (_, lies, what) => {
    const report = await stormOn(lies);
    expect(report.crossings).toBeGreaterThan(0);
    expect(report.crossingsTold.every((told) => told.what === what)).toBe(true);
    expect(report.crossingsTold).not.toEqual([]);
  });

  it('sees an answer to another question behind the right one', async () => {
    let first: string | undefined;
    const behindAnswer = (answer: string) => {
      first ??= answer;
      return { id: 1, result: { session: 'x', answer: first } };
    };
    const report = await stormOn({ behindAnswer });
    expect(report.crossings).toBeGreaterThan(0);
  });

  it('takes word of a session for no crossing that a camera had before it was cut off', async () => {
    const sessions = new Map<string, string>();
    let [asked, said] = ['', 0];
    const report = await stormOn({
      asked(device) {
        asked = device;
        return device;
      },
      behindOffer(session) {
        sessions.set(asked, session);
        return undefined;
      },
      behindRegistered(device) {
        const session = sessions.get(device);
        if (session === undefined) return undefined;
        said += 1;
        return { id: 'again', method: 'extend', params: { session, expiryTimeSeconds: 9 } };
      },
    });
    expect(said).toBeGreaterThan(0);
    expect(report).toMatchObject({ outcome: 'complete', crossings: 0 });
  });

  it('takes its own answer, given twice, for no crossing', async () => {
    const report = await stormOn({ behindAnswer: (answer) => ({ id: 1, result: { session: 'x', answer } }) });
    expect(report).toMatchObject({ outcome: 'complete', crossings: 0, watchedBefore: { refusals: {} } });
  });

  it('sees a camera that is registered as another', async () => {
    const report = await stormOn({ registered: () => ({ id: 'door' }) }, { msMax: 500 });
    expect(report.crossingsTold).toContainEqual({
      at: 'garden',
      what: 'registered as door (or its token names another device)',
    });
    expect(report.outcome).toBe('out of time');
  });

  it('counts refusals by what they were, and comes back after them', async () => {
    const turns = new Map<string, number>();
    const report = await stormOn({
      upgrade(request) {
        const name = nameOf(request);
        const turn = (turns.get(name) ?? 0) + 1;
        turns.set(name, turn);
        return name === 'door' && turn === 1 ? { status: 503, headers: { 'Retry-After': '0' } } : undefined;
      },
      register(socket, device, id) {
        const turn = turns.get(device);
        if (turn !== 1) return false;
        if (device === 'garden') socket.close(1013, 'overloaded');
        else if (device === 'attic') {
          const error = { code: 503, message: 'full', data: { reason: 'overloaded', retryAfterSeconds: 0 } };
          socket.send(JSON.stringify({ jsonrpc: '2.0', id, error }));
        } else return false;
        return true;
      },
    });
    expect(report).toMatchObject({ outcome: 'complete', crossings: 0 });
    expect(report.gathering.refusals).toEqual({ 'HTTP 503': 1, 'close 1013': 1, 'JSON-RPC 503 overloaded': 1 });
  });

  it.each<[string, boolean, string]>([
    ['waits as long as the relay asks for', true, 'out of time'],
    ['comes sooner where it is told to', false, 'complete'],
  ])('%s', async (_, honoursRetryAfter, outcome) => {
    const seen = new Set<string>();
    const upgrade = (request: IncomingMessage) => {
      const first = !seen.has(nameOf(request));
      seen.add(nameOf(request));
      return first ? { status: 503, headers: { 'Retry-After': '3600' } } : undefined;
    };
    const report = await stormOn(
      { upgrade },
      { honoursRetryAfter, viewers: [], msMax: honoursRetryAfter ? 1_500 : 20_000 },
    );
    expect(report.outcome).toBe(outcome);
  });

  it.each<[string, boolean, number]>([
    ['shows the ticket that it was given, beside its token', true, 3],
    ['shows none where it is told to', false, 0],
  ])('%s', async (_, usesTickets, shown) => {
    await using relay = await startLyingRelay({
      registered: (device) => ({ id: device, ticket: `ticket-of-${device}`, ticketExpiresInSeconds: 60 }),
    });
    const report = await runStorm(await planFor(relay.url, { usesTickets, viewers: [] }), powers, {}, never);
    expect(report.tickets.shown).toBe(shown);
    const last = relay.upgrades.slice(3);
    const wanted = (request: IncomingMessage) => (usesTickets ? `ticket-of-${nameOf(request)}` : undefined);
    expect(last.map((request) => request.headers['latchkey-ticket'])).toEqual(last.map(wanted));
    expect(last.every((request) => request.headers.authorization?.startsWith('Bearer camera:'))).toBe(true);
  });

  it('leaves alone what is to stay, and asks for that while nothing else is there', async () => {
    await using relay = await startLyingRelay();
    let before = 0;
    const observer: StormObserver = {
      phase(phase) {
        if (phase === 'coming back') before = relay.upgrades.length;
      },
    };
    const report = await runStorm(await planFor(relay.url, { steady: 1 }), powers, observer, never);
    const [first, then] = [relay.upgrades.slice(0, before), relay.upgrades.slice(before)].map((all) => all.map(nameOf));
    expect(first).toContain('door');
    expect(then).toContain('garden');
    expect(then).not.toContain('door');
    expect(report).toMatchObject({ outcome: 'complete', crossings: 0, storm: { registrations: 2, missing: 0 } });
    expect(Object.keys(report.watchedDuring?.refusals ?? {})).not.toContain('JSON-RPC 480 device-offline');
  });

  it('says when it cuts the fleet off, and lets it come back after its time away', async () => {
    await using relay = await startLyingRelay();
    let registered = () => 0;
    const told: unknown[] = [];
    const observer: StormObserver = {
      begun(progress) {
        registered = () => progress().registered;
      },
      phase(phase) {
        told.push([phase, registered(), relay.upgrades.length]);
      },
    };
    await runStorm(await planFor(relay.url, { viewers: [], steady: 1, awayMs: 1 }), powers, observer, never);
    expect(told).toEqual([
      ['gathering', 0, 0],
      ['holding', 3, 3],
      ['cut off', 3, 3],
      ['coming back', 1, 3],
      ['leaving', 3, 5],
    ]);
  });

  it('waits for an outage that somebody else makes, and counts from there', async () => {
    await using relay = await startLyingRelay();
    const report = await runStorm(
      await planFor(relay.url, { outage: 'wait', viewers: [] }),
      powers,
      {
        phase(phase) {
          if (phase === 'waiting for the outage') for (const camera of relay.cameras.values()) camera.terminate();
        },
      },
      never,
    );
    expect(report).toMatchObject({ outcome: 'complete', storm: { registrations: 3, missing: 0 } });
  });

  it('tells how far it came when it is interrupted', async () => {
    await using relay = await startLyingRelay();
    const stop = new AbortController();
    const observer: StormObserver = { phase: (phase) => phase === 'holding' && stop.abort() };
    const report = await runStorm(await planFor(relay.url, { holdMs: 60_000 }), powers, observer, stop.signal);
    expect(report).toMatchObject({
      outcome: 'interrupted',
      gathering: { registrations: 3, missing: 0 },
      storm: undefined,
    });
  });

  it('tells what an idle camera takes of the relay’s memory, where somebody tells it', async () => {
    await using relay = await startLyingRelay();
    let bytes = 1_000;
    const memory = async () => (bytes += 3_000);
    const report = await runStorm(await planFor(relay.url, { viewers: [] }), { ...powers, memory }, {}, never);
    expect(report.memory).toEqual({ beforeBytes: 4_000, idleBytes: 7_000, perIdleCameraBytes: 1_000 });
  });

  it('leaves nothing behind: every connection of it is closed', async () => {
    await using relay = await startLyingRelay();
    await runStorm(await planFor(relay.url), powers, {}, never);
    await expect
      .poll(() => [...relay.cameras.values()].every((socket) => socket.readyState === socket.CLOSED))
      .toBe(true);
  });
});
