import {
  copyFileSync,
  existsSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterEach, describe, expect, it } from 'vitest';
import { deviceId, limits, newSessionId, type SessionId, subjectId } from '../../src/base/index.ts';
import { createRevocations } from '../../src/identity/index.ts';
import {
  acceptLostLevers,
  allOn,
  type Change,
  createLevers,
  type LeverStore,
  openLeverStore,
  type SwitchPosition,
} from '../../src/levers/index.ts';
import { codeOf } from '../support/codes.ts';
import { ManualClock } from '../support/manual-clock.ts';
import { cameraProof, pairProof, viewerProof } from '../support/proofs.ts';
import { seededRandom } from '../support/seeded-random.ts';

const [alice, ben] = [subjectId('alice'), subjectId('ben')];
const [door, yard] = [deviceId('door'), deviceId('yard')];
const off: SwitchPosition = { position: 'off' };
const hourMs = 3_600_000;
const [s1, s2, s3] = [1, 2, 3].map((seed) => newSessionId(seededRandom(seed))) as [SessionId, SessionId, SessionId];
const folders: string[] = [];

afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true });
});

function newFile(): string {
  const folder = mkdtempSync(join(tmpdir(), 'latchkey-levers-'));
  folders.push(folder);
  return join(folder, 'levers.sqlite');
}

/** Puts a database without anything in it in the place of a file. */
function emptied(file: string): void {
  rmSync(file);
  new DatabaseSync(file).close();
}

/** Levers of a file, as after a start; and what was live when something was thrown. */
function start(
  file = ':memory:',
  clock = new ManualClock(),
  change: (store: LeverStore) => LeverStore = (store) => store,
) {
  const revocations = createRevocations();
  const store = change(openLeverStore(file));
  const levers = createLevers(
    { switches: allOn, tokenAgeMsMax: hourMs, clockAheadMsMax: 60_000 },
    { clock, store, revocations },
  );
  let reviews = 0;
  levers.actOn({
    sessions: {
      async review() {
        reviews += 1;
        return 2;
      },
      opposed: async (rules) => (rules.against(pairProof('alice', 'door', clock.now())) === undefined ? [] : [s1, s2]),
    },
    connections: {
      review: async () => ({ sessionsEnded: 1, connectionsClosed: 4 }),
      opposed: async (rules) =>
        rules.refuses(cameraProof('door', clock.now())) === undefined
          ? { connections: 0, sessions: [] }
          : { connections: 1, sessions: [s2, s3] },
    },
  });
  return {
    clock,
    levers,
    revocations,
    get reviews() {
      return reviews;
    },
    viewer: (name: string) => levers.refuses(viewerProof(name, clock.now())),
    camera: (name: string) => levers.refuses(cameraProof(name, clock.now())),
    pair: (subject: string, device: string) => levers.against(pairProof(subject, device, clock.now())),
  };
}

describe('a lever', () => {
  it('of a subject voids what was issued up to now, and nothing that is issued after', async () => {
    const { levers, clock, viewer, pair } = start();
    const atMs = clock.now();
    expect(await levers.revoke({ of: 'subject', subject: alice })).toEqual({
      atMs,
      sessionsEnded: 3,
      connectionsClosed: 4,
    });
    expect([viewer('alice'), pair('alice', 'door'), viewer('ben'), pair('ben', 'door')]).toEqual([
      ...['token-revoked', 'signed-out', undefined, undefined],
    ]);
    clock.advance(1);
    expect([viewer('alice'), pair('alice', 'door')]).toEqual([undefined, undefined]);
  });

  it('of a subject is of a camera whose id that is', async () => {
    const { levers, camera } = start();
    await levers.revoke({ of: 'subject', subject: subjectId('door') });
    expect([camera('door'), camera('yard')]).toEqual(['token-revoked', undefined]);
  });

  it('of all voids everything that was issued up to now', async () => {
    const { levers, clock, viewer, camera } = start();
    await levers.revoke({ of: 'all' });
    expect([viewer('alice'), camera('door')]).toEqual(['token-revoked', 'token-revoked']);
    clock.advance(1);
    expect([viewer('alice'), camera('door')]).toEqual([undefined, undefined]);
  });

  it('of a device is against everybody who would see it and the camera itself, until it is released', async () => {
    const { levers, clock, camera, pair, viewer } = start();
    await levers.revoke({ of: 'device', device: door });
    clock.advance(hourMs * 100);
    expect([camera('door'), pair('alice', 'door'), levers.quarantined]).toEqual([
      'device-quarantined',
      'quarantined',
      1,
    ]);
    expect([camera('yard'), pair('alice', 'yard'), viewer('door')]).toEqual([undefined, undefined, undefined]);
    expect([await levers.release(door), await levers.release(door), levers.quarantined]).toEqual([true, false, 0]);
    expect([camera('door'), pair('alice', 'door')]).toEqual([undefined, undefined]);
  });

  it('counts before anything is awaited, and looks at what is live', () => {
    const world = start();
    const thrown = world.levers.revoke({ of: 'subject', subject: alice });
    expect([world.viewer('alice'), world.reviews]).toEqual(['token-revoked', 1]);
    return thrown;
  });

  it.each([
    ['live-view', 'alice', 'switched-off'],
    ['sharing', 'alice', undefined],
    ['registration', 'alice', undefined],
  ] as const)('that switches %s off', async (feature, subject, objection) => {
    const { levers, pair, camera, reviews } = start();
    expect(reviews).toBe(0);
    await levers.throwSwitch(feature, off);
    expect(pair(subject, 'door')).toBe(objection);
    expect(camera('door')).toBe(feature === 'registration' ? 'switched-off' : undefined);
    await levers.throwSwitch(feature, { position: 'on' });
    expect([pair(subject, 'door'), camera('door')]).toEqual([undefined, undefined]);
  });

  it('of a switch and the settings are two, and a feature is on only where both say so', async () => {
    const world = start();
    const { levers } = world;
    await levers.useSettings({ ...allOn, 'live-view': { position: 'off-for', prefixes: [], devices: [door] } });
    expect([world.reviews, levers.positionOf('live-view')]).toEqual([1, 'off-for']);
    expect([world.pair('alice', 'door'), world.pair('alice', 'yard')]).toEqual(['switched-off', undefined]);
    await levers.throwSwitch('live-view', { position: 'off-for', prefixes: [], devices: [yard] });
    expect([world.pair('alice', 'door'), world.pair('alice', 'yard')]).toEqual(['switched-off', 'switched-off']);
    await levers.throwSwitch('live-view', { position: 'on' });
    expect([world.pair('alice', 'door'), world.pair('alice', 'yard')]).toEqual(['switched-off', undefined]);
    await levers.throwSwitch('live-view', off);
    expect(levers.positionOf('live-view')).toBe('off');
    expect(levers.list().settings['live-view'].position).toBe('off-for');
  });

  it.each([
    [{ of: 'token', tokenId: '' }],
    [{ of: 'token', tokenId: 'x'.repeat(limits.tokenIdCharactersMax + 1) }],
  ] as const)('that is none changes nothing: %j', async (revocation) => {
    const { levers } = start();
    expect(await codeOf(levers.revoke(revocation))).toBe('params-invalid');
    expect(levers.list().revocations).toEqual([]);
  });

  it('that is off for nobody changes nothing', async () => {
    const { levers } = start();
    expect(await codeOf(levers.throwSwitch('whep', { position: 'off-for', prefixes: [], devices: [] }))).toBe(
      'params-invalid',
    );
    expect(levers.list().switches).toEqual(allOn);
  });
});

describe('after a restart', () => {
  it('all is as it was, also what was taken back before more', async () => {
    const file = newFile();
    const { levers, clock } = start(file);
    await levers.revoke({ of: 'all' });
    clock.advance(10);
    await levers.revoke({ of: 'subject', subject: alice });
    clock.advance(10);
    await levers.revoke({ of: 'token', tokenId: 'T1' });
    await levers.revoke({ of: 'device', device: door });
    await levers.throwSwitch('sharing', off);
    await levers.throwSwitch('tickets', { position: 'off-for', prefixes: ['house7-'], devices: [yard] });
    const before = levers.list();
    levers.close();

    const again = start(file, clock);
    expect(again.levers.list()).toEqual(before);
    expect(again.levers.list().revocations.map(({ of, atMs }) => [of, clock.now() - atMs])).toEqual([
      ['all', 20],
      ['subject', 10],
      ['token', 0],
      ['device', 0],
    ]);
    expect([again.camera('door'), again.levers.isOn('tickets', deviceId('house7-x'))]).toEqual([
      'device-quarantined',
      false,
    ]);
    expect(again.revocations.isVoid(ben, { issuedAtMs: clock.now(), tokenId: 'T1' })).toBe(true);
    expect(again.revocations.epochOf(alice)).toBe(clock.now() - 9);
  });

  it('a quarantine that was ended and a switch that was thrown back stay so', async () => {
    const file = newFile();
    const { levers } = start(file);
    await levers.revoke({ of: 'device', device: door });
    await levers.release(door);
    await levers.throwSwitch('whep', off);
    await levers.throwSwitch('whep', { position: 'on' });
    levers.close();
    expect(start(file).levers.list()).toEqual({ revocations: [], switches: allOn, settings: allOn });
  });

  it('what nothing can be alive of any more is forgotten, and not before', async () => {
    const file = newFile();
    const { levers, clock } = start(file);
    await levers.revoke({ of: 'token', tokenId: 'T1' });
    await levers.revoke({ of: 'subject', subject: alice });
    clock.advance(hourMs);
    levers.close();
    const late = start(file, clock).levers;
    expect(late.list().revocations).toHaveLength(2);
    clock.advance(1);
    await late.revoke({ of: 'subject', subject: ben });
    expect(late.list().revocations).toEqual([{ of: 'subject', subject: 'ben', atMs: clock.now() }]);
    late.close();
    const database = new DatabaseSync(file);
    expect(database.prepare('SELECT count(*) AS lines FROM revoked_token').get()).toEqual({ lines: 0 });
    database.close();
  });

  it('what is forgotten and alive all the same, since tokens may live longer again, is void', async () => {
    const file = newFile();
    const { levers, clock } = start(file);
    const old = { issuedAtMs: clock.now(), tokenId: undefined };
    const ticketEpochMs = createRevocations().epochOf(alice);
    await levers.revoke({ of: 'subject', subject: alice });
    clock.advance(hourMs + 1);
    await levers.revoke({ of: 'subject', subject: ben });
    levers.close();
    const { revocations, levers: again } = start(file, clock);
    expect(again.list().revocations).toHaveLength(1);
    expect(revocations.isVoid(alice, old)).toBe(true);
    expect(revocations.isVoid(alice, { ...old, issuedAtMs: old.issuedAtMs + 1 })).toBe(false);
    expect(revocations.epochOf(alice)).toBe(ticketEpochMs);
    expect(revocations.copy().isVoid(alice, old)).toBe(true);
  });

  it('a lifetime of tokens that is shorter for a while forgets nothing, also over a restart', async () => {
    const file = newFile();
    const clock = new ManualClock();
    const settings = { switches: allOn, tokenAgeMsMax: 10 * hourMs, clockAheadMsMax: 0 };
    const open = () => createLevers(settings, { clock, store: openLeverStore(file), revocations: createRevocations() });
    const levers = open();
    await levers.revoke({ of: 'subject', subject: alice });
    settings.tokenAgeMsMax = hourMs;
    clock.advance(2 * hourMs);
    await levers.revoke({ of: 'subject', subject: ben });
    expect(levers.list().revocations).toHaveLength(2);
    levers.close();
    const again = open();
    expect(again.list().revocations).toHaveLength(2);
    clock.advance(9 * hourMs);
    await again.revoke({ of: 'token', tokenId: 'T1' });
    expect(again.list().revocations.map(({ of }) => of)).toEqual(['subject', 'token']);
  });

  it('what a clock that was ahead has forgotten voids nothing that is still to be issued', async () => {
    const file = newFile();
    const clock = new ManualClock();
    clock.setBack(-10 * hourMs);
    const { levers } = start(file, clock);
    await levers.revoke({ of: 'subject', subject: alice });
    clock.advance(hourMs + 1);
    await levers.revoke({ of: 'subject', subject: ben });
    levers.close();
    clock.setBack(11 * hourMs);
    const { revocations } = start(file, clock);
    expect(revocations.forgottenMs).toBe(clock.now());
    expect(revocations.isVoid(door, { issuedAtMs: clock.now(), tokenId: undefined })).toBe(false);
  });

  it('keeps no more lines of tokens than there is room for', async () => {
    const file = newFile();
    const clock = new ManualClock();
    const open = () => openLeverStore(file, 2);
    const settings = { switches: allOn, tokenAgeMsMax: hourMs, clockAheadMsMax: 0 };
    const levers = createLevers(settings, { clock, store: open(), revocations: createRevocations(2) });
    const issuedAtMs = clock.now();
    for (const tokenId of ['T1', 'T2', 'T3']) {
      await levers.revoke({ of: 'token', tokenId });
      clock.advance(1);
    }
    const before = levers.list();
    levers.close();
    const database = new DatabaseSync(file);
    expect(database.prepare('SELECT token_id FROM revoked_token').all()).toEqual([
      { token_id: 'T2' },
      { token_id: 'T3' },
    ]);
    database.close();
    const revocations = createRevocations(2);
    const again = createLevers(settings, { clock, store: open(), revocations });
    expect(again.list()).toEqual(before);
    expect(before.revocations.map(({ of }) => of)).toEqual(['all', 'token', 'token']);
    expect(revocations.isVoid(alice, { issuedAtMs, tokenId: 'T1' })).toBe(true);
  });

  it('what was forgotten by a clock that was ahead is void when the clock is right again', async () => {
    const file = newFile();
    const { levers, clock } = start(file);
    const old = { issuedAtMs: clock.now(), tokenId: 'T1' };
    await levers.revoke({ of: 'token', tokenId: 'T1' });
    levers.close();
    clock.setBack(-10 * hourMs);
    const { revocations } = start(file, clock);
    clock.setBack(10 * hourMs);
    expect(revocations.isVoid(alice, old)).toBe(true);
  });

  it('a token that was taken back by its id stays void, however far its issuer’s clock was ahead', async () => {
    const file = newFile();
    const { levers, revocations, clock } = start(file);
    const ahead = { issuedAtMs: clock.now() + 60_000, tokenId: 'T1' };
    await levers.revoke({ of: 'token', tokenId: 'T1' });
    clock.advance(1);
    await levers.revoke({ of: 'all' });
    expect(revocations.isVoid(alice, ahead)).toBe(true);
    expect(revocations.isVoid(alice, { ...ahead, tokenId: 'T2' })).toBe(false);
    expect(start(file, clock).revocations.isVoid(alice, ahead)).toBe(true);
    clock.advance(hourMs);
    await levers.revoke({ of: 'subject', subject: ben });
    expect(levers.list().revocations.map(({ of }) => of)).toEqual(['all', 'subject']);
    expect(revocations.isVoid(alice, ahead)).toBe(true);
  });

  it('a file from before, which says nothing of what was forgotten, is taken over', async () => {
    const file = newFile();
    const { levers } = start(file);
    await levers.revoke({ of: 'subject', subject: alice });
    levers.close();
    const database = new DatabaseSync(file);
    database.exec('DROP TABLE forgotten; PRAGMA user_version = 1');
    database.close();
    const again = start(file);
    expect(again.levers.list().revocations).toHaveLength(1);
    expect(again.revocations.forgottenMs).toBe(0);
  });
});

describe('the file', () => {
  it('is nobody else’s to read', () => {
    const file = newFile();
    start(file);
    expect(statSync(file).mode & 0o777).toBe(0o600);
  });

  it('has the lever in it when its promise resolves', async () => {
    const file = newFile();
    const { levers } = start(file);
    await levers.revoke({ of: 'device', device: door });
    const other = new DatabaseSync(file, { readOnly: true });
    expect(other.prepare('SELECT device FROM quarantined').all()).toEqual([{ device: 'door' }]);
    expect(other.prepare('PRAGMA user_version').get()).toEqual({ user_version: 2 });
    other.close();
  });

  it('of a later program, or one that is none, is refused', async () => {
    const later = newFile();
    const database = new DatabaseSync(later);
    database.exec('PRAGMA user_version = 99');
    database.close();
    expect(await codeOf(() => openLeverStore(later))).toBe('settings-invalid');
    expect(await codeOf(() => openLeverStore('/nowhere/levers.sqlite'))).toBe('settings-invalid');
    expect(await codeOf(() => openLeverStore('package.json'))).toBe('settings-invalid');
    expect(readFileSync('package.json', 'utf8')).toContain('latchkey');
  });

  it.each<[string, (file: string) => void]>([
    ['is gone', (file) => rmSync(file)],
    ['is empty', (file) => writeFileSync(file, '')],
    ['holds no levers', emptied],
  ])('that %s is a loss, however often it is tried, until it is restored', async (_, lose) => {
    const file = newFile();
    const { levers } = start(file);
    await levers.revoke({ of: 'device', device: door });
    levers.close();
    copyFileSync(file, `${file}.backup`);
    lose(file);
    const isThere = existsSync(file);
    for (const _ of ['once', 'again']) expect(() => openLeverStore(file)).toThrow(/accept-loss/);
    expect(existsSync(file)).toBe(isThere);
    copyFileSync(`${file}.backup`, file);
    expect(start(file).camera('door')).toBe('device-quarantined');
  });

  it.each<[string, (file: string) => void]>([
    ['is gone', (file) => rmSync(file)],
    ['is another', (file) => renameSync(`${file}.backup`, file)],
  ])('that %s while the relay runs keeps no lever, and each says so', async (_, lose) => {
    const file = newFile();
    const { levers, camera } = start(file);
    await levers.revoke({ of: 'device', device: door });
    copyFileSync(file, `${file}.backup`);
    lose(file);
    expect(await codeOf(() => levers.revoke({ of: 'device', device: yard }))).toBe('lever-unkept');
    expect(await codeOf(() => levers.revoke({ of: 'all' }))).toBe('lever-unkept');
    expect(await codeOf(() => levers.throwSwitch('sharing', off))).toBe('lever-unkept');
    expect(await codeOf(() => levers.release(door))).toBe('lever-unkept');
    expect([camera('yard'), camera('door')]).toEqual(['token-revoked', 'token-revoked']);
    expect(levers.quarantined).toBe(2);
  });

  it('that is lost is begun anew once somebody has accepted that, and not before', async () => {
    const file = newFile();
    await start(file).levers.revoke({ of: 'device', device: door });
    rmSync(file);
    await expect(acceptLostLevers(file, () => Promise.reject(new Error('no')))).rejects.toThrow('no');
    await acceptLostLevers(file, async () => {});
    expect(() => openLeverStore(file)).toThrow(/accept-loss/);
    await acceptLostLevers(file, async (accept) => accept());
    expect(start(file).camera('door')).toBeUndefined();
    rmSync(file);
    expect(() => openLeverStore(file)).toThrow(/accept-loss/);
  });

  it('that is there, or never was, is no loss to accept', async () => {
    const file = newFile();
    const accept = () => acceptLostLevers(file, async (accepted) => accepted());
    expect(await codeOf(accept)).toBe('params-invalid');
    start(file);
    expect(await codeOf(accept)).toBe('params-invalid');
  });

  it('of a program that left no mark is taken as it is, and missed from then on', () => {
    const file = newFile();
    start(file).levers.close();
    rmSync(join(dirname(file), 'levers-kept'));
    start(file).levers.close();
    rmSync(file);
    expect(() => openLeverStore(file)).toThrow(/accept-loss/);
  });

  it('that cannot be written loses nothing that takes away, and gives nothing back', async () => {
    let broken = false;
    const world = start(':memory:', new ManualClock(), (store) => {
      const failing = <Run extends (...given: never[]) => void>(run: Run) =>
        ((...given) => {
          if (broken) throw new Error('disk full');
          run.apply(store, given);
        }) as Run;
      return {
        load: () => store.load(),
        revoked: failing(store.revoked),
        quarantined: failing(store.quarantined),
        released: failing(store.released),
        switched: failing(store.switched),
        close: () => store.close(),
      };
    });
    const { levers } = world;
    await levers.revoke({ of: 'device', device: door });
    await levers.throwSwitch('whep', off);
    broken = true;
    expect(await codeOf(levers.revoke({ of: 'subject', subject: alice }))).toBe('lever-unkept');
    expect(await codeOf(levers.revoke({ of: 'device', device: yard }))).toBe('lever-unkept');
    expect(await codeOf(levers.throwSwitch('sharing', off))).toBe('lever-unkept');
    expect(await codeOf(levers.release(door))).toBe('lever-unkept');
    expect(await codeOf(levers.throwSwitch('whep', { position: 'on' }))).toBe('lever-unkept');
    expect([world.viewer('alice'), world.camera('yard'), world.camera('door')]).toEqual([
      ...['token-revoked', 'device-quarantined', 'device-quarantined'],
    ]);
    expect([levers.positionOf('sharing'), levers.positionOf('whep')]).toEqual(['off', 'off']);
  });
});

it('as many devices are in quarantine as may be, and one more is refused with nothing changed', async () => {
  const quarantined = new Map(
    Array.from({ length: limits.quarantinedDevicesMax }, (_, at) => [deviceId(`cam${at}`), 1] as const),
  );
  const { levers, camera } = start(':memory:', new ManualClock(), (store) => ({
    load: () => ({ ...store.load(), quarantined }),
    revoked: () => {},
    quarantined: () => {},
    released: () => {},
    switched: () => {},
    close: () => store.close(),
  }));
  expect(await codeOf(levers.revoke({ of: 'device', device: door }))).toBe('overloaded');
  expect([camera('door'), levers.quarantined]).toEqual([undefined, limits.quarantinedDevicesMax]);
  await levers.revoke({ of: 'device', device: deviceId('cam0') });
  await levers.release(deviceId('cam0'));
  await levers.revoke({ of: 'device', device: door });
  expect(camera('door')).toBe('device-quarantined');
});

describe('a lever that is only thought of', () => {
  const changes: [what: string, change: Change, sessionsEnded: number, connectionsClosed: number][] = [
    ['signs out a viewer', { revocation: { of: 'subject', subject: alice } }, 2, 0],
    ['signs out a camera', { revocation: { of: 'subject', subject: subjectId('door') } }, 2, 1],
    ['signs out a stranger', { revocation: { of: 'subject', subject: ben } }, 0, 0],
    ['takes everything back', { revocation: { of: 'all' } }, 3, 1],
    ['puts a camera in quarantine', { revocation: { of: 'device', device: door } }, 3, 1],
    ['puts another one there', { revocation: { of: 'device', device: yard } }, 0, 0],
    ['switches live views off', { feature: 'live-view', position: off }, 2, 0],
    ['switches registration off', { feature: 'registration', position: off }, 2, 1],
    ['switches a feature on', { feature: 'live-view', position: { position: 'on' } }, 0, 0],
  ];

  it.each(changes)('and %s is counted, each live view once, and changes nothing', async (_, change, ...counts) => {
    const [sessionsEnded, connectionsClosed] = counts;
    const file = newFile();
    const world = start(file);
    const before = JSON.stringify(world.levers.list());
    expect(await world.levers.wouldEnd(change)).toEqual({ sessionsEnded, connectionsClosed });
    expect([JSON.stringify(world.levers.list()), world.reviews, world.levers.quarantined]).toEqual([before, 0, 0]);
    expect([world.viewer('alice'), world.camera('door'), world.pair('alice', 'door')]).toEqual([
      ...[undefined, undefined, undefined],
    ]);
    world.levers.close();
    expect(JSON.stringify(start(file).levers.list())).toBe(before);
  });

  it('comes on top of what was thrown before', async () => {
    const { levers } = start();
    await levers.throwSwitch('live-view', off);
    const change: Change = { feature: 'live-view', position: { position: 'on' } };
    expect(await levers.wouldEnd(change)).toEqual({ sessionsEnded: 0, connectionsClosed: 0 });
    await levers.useSettings({ ...allOn, registration: off });
    expect(await levers.wouldEnd(change)).toEqual({ sessionsEnded: 2, connectionsClosed: 1 });
  });

  it('is refused where it would be', async () => {
    const { levers } = start();
    expect(await codeOf(levers.wouldEnd({ revocation: { of: 'token', tokenId: '' } }))).toBe('params-invalid');
    const nobody: SwitchPosition = { position: 'off-for', prefixes: [], devices: [] };
    expect(await codeOf(levers.wouldEnd({ feature: 'whep', position: nobody }))).toBe('params-invalid');
  });

  it('takes as much back as a full table would', async () => {
    const clock = new ManualClock();
    const revocations = createRevocations(1);
    const levers = createLevers(
      { switches: allOn, tokenAgeMsMax: hourMs, clockAheadMsMax: 0 },
      { clock, store: openLeverStore(':memory:'), revocations },
    );
    await levers.revoke({ of: 'subject', subject: alice });
    levers.actOn({
      sessions: {
        review: async () => 0,
        opposed: async (rules) => (rules.against(pairProof('eve', 'yard', clock.now())) === undefined ? [] : [s1]),
      },
      connections: {
        review: async () => ({ sessionsEnded: 0, connectionsClosed: 0 }),
        opposed: async () => ({ connections: 0, sessions: [] }),
      },
    });
    const change: Change = { revocation: { of: 'subject', subject: ben } };
    expect(await levers.wouldEnd(change)).toEqual({ sessionsEnded: 1, connectionsClosed: 0 });
    expect([revocations.everybodysMs, revocations.size]).toEqual([0, 1]);
  });
});
