import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { deviceId, type Redacted, subjectId, systemClock, systemRandom } from '../../src/base/index.ts';
import { openSqliteSource } from '../../src/ownership/index.ts';
import type { Taken } from '../../src/storm/camera.ts';
import { Crossings } from '../../src/storm/crossings.ts';
import { Fleet, takeAim } from '../../src/storm/index.ts';
import { secretsOf } from '../../src/storm/marks.ts';
import { startedCommand } from '../support/command.ts';
import { FaithfulViewer } from '../support/faithful-viewer.ts';
import { freePort } from '../support/free-port.ts';
import { MediaEnd, relayIn } from '../support/media-end.ts';
import { type BalancedNode, TcpBalancer } from '../support/tcp-balancer.ts';
import { signed, testKey } from '../support/test-issuer.ts';

const folder = mkdtempSync(join(tmpdir(), 'latchkey-rolling-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const wanted = { cameras: 2_000, watched: 50 };
const msMax = 240_000;
const pictureEveryMs = 100;
/** Each camera is three open files of this process: its own end, and both of the balancer’s. */
const filesPerCamera = 3;
const reservedFiles = 1_000;
const issuer = 'https://rolling.test';
const key = await testKey('EdDSA', 'rolling');

function fleetSize(): number {
  const hard = /^Max open files\s+\S+\s+(\d+)/m.exec(readFileSync('/proc/self/limits', 'utf8'))?.[1];
  const most = hard === undefined ? wanted.cameras : Math.floor((Number(hard) - reservedFiles) / filesPerCamera);
  if (most < wanted.cameras) process.stderr.write(`only ${most} cameras: ulimit -Hn allows ${hard} open files\n`);
  return Math.min(wanted.cameras, most);
}

async function tokenOf(audience: string, subject: string): Promise<Redacted<string>> {
  const now = Math.floor(Date.now() / 1000);
  return signed(key, { iss: issuer, aud: audience, sub: subject, iat: now, exp: now + 3_600 });
}

/** What both nodes share: who signs tokens, who owns what, the keys of tickets. */
async function sharedSettings(
  watched: readonly { subject: string; device: string }[],
): Promise<Record<string, string>> {
  const [keysFile, ticketsFile, ownership] = ['keys.json', 'tickets', 'ownership.sqlite'].map((name) =>
    join(folder, name),
  ) as [string, string, string];
  writeFileSync(keysFile, JSON.stringify({ keys: [key.publicJwk] }));
  writeFileSync(ticketsFile, `${systemRandom.bytes(32).toString('base64')}\n`);
  const book = openSqliteSource({ file: ownership, clock: systemClock });
  for (const { subject, device } of watched)
    book.grant({ subject: subjectId(subject), device: deviceId(device), role: 'owner', notAfterMs: undefined });
  await book.close();
  return {
    LATCHKEY_IDENTITY_ISSUERS: JSON.stringify([{ issuer, keys: { jwksFile: keysFile } }]),
    LATCHKEY_IDENTITY_TICKETS_KEYS_FILE: ticketsFile,
    LATCHKEY_OWNERSHIP_SOURCE: 'sqlite',
    LATCHKEY_OWNERSHIP_FILE: ownership,
    LATCHKEY_HTTP_HOST: '127.0.0.1',
    LATCHKEY_RELAY_HOST: '127.0.0.1',
    LATCHKEY_RELAY_TCP_PORT: 'off',
    LATCHKEY_DRAIN_LEAD_SECONDS: '1',
    LATCHKEY_DRAIN_OVER_SECONDS: '6',
    LATCHKEY_DRAIN_SESSIONS_SECONDS_MAX: '3',
    LATCHKEY_DRAIN_TOTAL_SECONDS_MAX: '30',
  };
}

/** A node that can be ended and started again, at the same ports. */
async function nodeNamed(name: string, shared: Readonly<Record<string, string>>) {
  const [port, operationsPort, mediaPort] = [await freePort(), await freePort(), await freePort()];
  const settings = {
    ...shared,
    LATCHKEY_DATA_DIRECTORY: join(folder, name),
    LATCHKEY_HTTP_PORT: String(port),
    LATCHKEY_OPERATIONS_PORT: String(operationsPort),
    LATCHKEY_ADMIN_PORT: '0',
    LATCHKEY_RELAY_PORT: String(mediaPort),
  };
  const start = () => startedCommand(['serve'], /^Latchkey serves/, settings);
  let running = await start();
  return {
    name,
    port,
    operationsPort,
    mediaPort,
    drain: async () => running.stop('SIGTERM'),
    again: async () => {
      running = await start();
    },
    kill: () => running.stop('SIGKILL'),
  };
}

/** A part of the fleet, and those who watch it, which come by one port of the balancer. */
async function cell(name: string, cameras: number, viewers: number, told: { crossings: Crossings; marks: Uint8Array }) {
  const devices = Array.from({ length: cameras }, (_, index) => `${name}-camera-${index}`);
  const watched = devices.slice(0, viewers).map((device, index) => ({ device, subject: `${name}-person-${index}` }));
  const tokens = await Promise.all(
    devices.map(async (device) => ({ device, token: await tokenOf('latchkey-camera', device) })),
  );
  const media = new Map<string, MediaEnd>();
  const served = ({ device, mark, offer }: Taken) => {
    media.get(device)?.close();
    const answer = { ...mark, kind: 'answer' } as const;
    const ends = { own: secretsOf(answer, told.marks), peer: secretsOf(mark, told.marks) };
    const end = new MediaEnd({ ...ends, relay: relayIn(offer), nominates: false });
    end.say(device, pictureEveryMs);
    media.set(device, end);
  };
  return {
    watched,
    async open(port: number) {
      const aim = await takeAim({ relay: `http://127.0.0.1:${port}`, targetIsMine: false });
      const powers = { clock: systemClock, random: systemRandom, key: told.marks };
      const world = {
        aim,
        ...powers,
        crossings: told.crossings,
        owners: { maySee: () => true },
        usesTickets: true,
        honoursRetryAfter: true,
        served,
      };
      const fleet = new Fleet(world, tokens, 400);
      const people = await Promise.all(
        watched.map(async ({ subject, device }) => {
          const crossed = (what: string) => told.crossings.add(subject, what);
          return new FaithfulViewer(
            { aim, key: told.marks, crossed },
            subject,
            device,
            await tokenOf('latchkey-viewer', subject),
          );
        }),
      );
      return {
        fleet,
        people,
        close() {
          for (const person of people) person.close();
          fleet.stop();
          for (const end of media.values()) end.close();
        },
      };
    },
  };
}

describe('two relays behind a balancer that are started again, one after the other', () => {
  it('lose no camera and no viewer, and cross nobody', { timeout: msMax }, async () => {
    await using ending = new AsyncDisposableStack();
    const told = { crossings: new Crossings(() => {}), marks: systemRandom.bytes(32) };
    const half = { cameras: Math.floor(fleetSize() / 2), viewers: wanted.watched / 2 };
    const cells = await Promise.all(['one', 'two'].map((name) => cell(name, half.cameras, half.viewers, told)));
    const shared = await sharedSettings(cells.flatMap(({ watched }) => watched));
    const nodes = await Promise.all(['a', 'b'].map((name) => nodeNamed(name, shared)));
    const [a, b] = nodes as [(typeof nodes)[0], (typeof nodes)[0]];
    for (const node of nodes) ending.defer(() => node.kill().then(() => {}));
    const balancer = ending.use(new TcpBalancer(nodes));
    await balancer.ask();
    const orders: BalancedNode[][] = [
      [a, b],
      [b, a],
    ];
    const running = await Promise.all(
      cells.map(async (each, index) => each.open(await balancer.open(orders[index] ?? []))),
    );
    for (const each of running) ending.defer(() => each.close());
    const people = running.flatMap((each) => each.people);
    const whole = () => Promise.all(running.map(({ fleet }) => fleet.whole()));
    for (const { fleet } of running) fleet.gather();
    await whole();
    for (const person of people) person.watch();
    await Promise.all(people.map((person) => person.sees()));
    expect(new Set(people.map(({ port }) => port))).toEqual(new Set([a.mediaPort, b.mediaPort]));
    for (const { fleet } of running) fleet.await();

    for (const [node, other] of [
      [a, b],
      [b, a],
    ] as const) {
      expect(await node.drain()).toBe(0);
      await whole();
      await Promise.all(people.map((person) => person.sees(new Set([node.mediaPort]))));
      expect(new Set(people.map(({ port }) => port))).toEqual(new Set([other.mediaPort]));
      await node.again();
      await balancer.ask();
    }

    expect(told.crossings.total).toBe(0);
    expect(running.map(({ fleet }) => fleet.registered)).toEqual([half.cameras, half.cameras]);
    expect(running.map(({ fleet }) => fleet.muster.lost)).toEqual([2 * half.cameras, half.cameras]);
    // A camera that was told to come later came later, and was let in: all are here.
    const refused = running.flatMap(({ fleet }) => Object.keys(fleet.muster.refusals.toJSON()));
    expect(refused.filter((what) => what !== 'HTTP 503')).toEqual([]);
    expect(people.map(({ unmended }) => unmended)).toEqual(people.map(() => 0));
  });
});
