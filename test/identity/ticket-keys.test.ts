import { mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { LatchkeyError, limits, Redacted } from '../../src/base/index.ts';
import {
  givenTicketKeys,
  type KeptTicketKey,
  keptTicketKeys,
  sharedTicketKeys,
  type TicketKeyStore,
} from '../../src/identity/index.ts';
import { readTicketKeys } from '../../src/identity/ticket-keys.ts';
import { ManualClock } from '../support/manual-clock.ts';
import { seededRandom } from '../support/seeded-random.ts';
import { ticketWorld } from '../support/ticket-world.ts';

const secretOf = (byte: number) => Buffer.alloc(32, byte).toString('base64');

describe('the keys that relays share', () => {
  it('are lines, of which the first signs; remarks and empty lines are none', () => {
    const keys = readTicketKeys(
      `# ours\n\n${secretOf(1)}\n  ${Buffer.alloc(32, 2).toString('hex')} 2026-01-01T00:05:00Z # the old one\n`,
    );
    expect(keys.map(({ notAfterMs }) => notAfterMs)).toEqual([Number.POSITIVE_INFINITY, Date.UTC(2026, 0, 1, 0, 5)]);
  });

  it('have the same id wherever they are read, and however they are written', () => {
    const written = [secretOf(1), Buffer.alloc(32, 1).toString('base64url'), Buffer.alloc(32, 1).toString('hex')];
    const ids = written.map((secret) => readTicketKeys(secret)[0]?.id);
    expect(new Set(ids).size).toBe(1);
    expect(readTicketKeys(secretOf(2))[0]?.id).not.toBe(ids[0]);
  });

  it.each([
    ['nothing', ''],
    ['a remark alone', '# soon'],
    ['a password', 'correct horse battery staple'],
    ['a secret that is too short', Buffer.alloc(31, 1).toString('base64')],
    ['a secret that is too long', Buffer.alloc(limits.ticketKeyBytesMax + 1, 1).toString('base64')],
    ['a secret in no alphabet', `${secretOf(1)}!`],
    ['the same secret twice', `${secretOf(1)}\n${secretOf(1)}`],
    ['a time that is none', `${secretOf(1)} soon`],
    ['two times', `${secretOf(1)} 2026-01-01 2026-01-02`],
    ['too many', Array.from({ length: limits.ticketKeysMax + 1 }, (_, at) => secretOf(at)).join('\n')],
    ['too many bytes', `#${'x'.repeat(limits.ticketKeysFileBytesMax)}\n${secretOf(1)}`],
  ])('are refused when they are %s, and the refusal holds no secret', (_, text) => {
    const read = () => readTicketKeys(text);
    expect(read).toThrow(expect.objectContaining({ code: 'settings-invalid' }));
    expect(read).not.toThrow(new RegExp(secretOf(1).slice(0, 20)));
  });

  it('can be as many as there is room for', () => {
    const lines = Array.from({ length: limits.ticketKeysMax }, (_, at) => secretOf(at));
    expect(readTicketKeys(lines.join('\n'))).toHaveLength(limits.ticketKeysMax);
  });

  it('are read or refused, whatever the text is', () => {
    fc.assert(
      fc.property(fc.string({ maxLength: 200 }), (text) => {
        try {
          expect(readTicketKeys(text).length).toBeGreaterThan(0);
        } catch (thrown) {
          expect(thrown).toBeInstanceOf(LatchkeyError);
        }
      }),
    );
  });

  it('let a camera come back at the other relay, and through a change of the key', async () => {
    const at = (...bytes: number[]) =>
      ticketWorld({ issuerKeys, ticketKeys: givenTicketKeys(bytes.map((byte) => new Redacted(secretOf(byte)))) });
    const { issuerKeys } = await ticketWorld();
    const before = await at(1);
    const [prepared, changed, after] = [await at(1, 2), await at(2, 1), await at(2)];
    const ticket = await before.ticket();
    for (const relay of [before, prepared, changed]) expect(relay.redeem(ticket)?.device).toBe('cam1');
    expect(after.redeem(ticket)).toBeUndefined();
    expect(after.told).toEqual(['key']);
    const newer = await changed.ticket();
    for (const relay of [prepared, changed, after]) expect(relay.redeem(newer)?.device).toBe('cam1');
  });

  it('verify until their own end, to the millisecond', async () => {
    const until = `${secretOf(1)} 2026-01-01T00:01:00Z`;
    const one = await ticketWorld({ ticketKeys: givenTicketKeys([new Redacted(until)]) });
    const ticket = await one.ticket();
    one.clock.advance(59_999);
    expect(one.redeem(ticket)?.device).toBe('cam1');
    one.clock.advance(1);
    expect(one.redeem(ticket)).toBeUndefined();
    expect(one.told.at(-1)).toBe('key');
  });
});

describe('the file of shared keys', () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'ticket-keys-'));
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  /** Opens the file; `looked` moves the clock to the next look and resolves when it has told. */
  async function opened(text: string) {
    const file = join(folder, 'keys');
    writeFileSync(file, text);
    const clock = new ManualClock();
    let heard = Promise.withResolvers<string>();
    const keys = await sharedTicketKeys(file, clock, { ticketKeys: (outcome) => heard.resolve(outcome) });
    const looked = () => {
      heard = Promise.withResolvers<string>();
      clock.advance(limits.ticketKeysLookMs);
      return heard.promise;
    };
    return { file, clock, keys, looked };
  }

  it('is read again, and other keys are taken', async () => {
    const { file, keys, looked, clock } = await opened(secretOf(1));
    const [first] = readTicketKeys(secretOf(1));
    expect(keys.signing.id).toBe(first?.id);
    writeFileSync(join(folder, 'next'), `${secretOf(2)}\n${secretOf(1)}`);
    renameSync(join(folder, 'next'), file);
    expect(await looked()).toBe('taken');
    expect(keys.signing.id).toBe(readTicketKeys(secretOf(2))[0]?.id);
    expect(keys.find(first?.id ?? '')).toBeDefined();
    keys.close();
    expect(clock.pending).toBe(0);
  });

  it('that cannot be used any more is told, and the keys before stay', async () => {
    const { file, keys, looked } = await opened(secretOf(1));
    const before = keys.signing.id;
    writeFileSync(file, 'no key');
    expect(await looked()).toBe('failed');
    rmSync(file);
    expect(keys.signing.id).toBe(before);
    writeFileSync(file, secretOf(1));
    expect(await looked()).toBe('taken');
    keys.close();
  });

  it('that is not there at the start is refused', async () => {
    const file = join(folder, 'none');
    await expect(sharedTicketKeys(file, new ManualClock(), {})).rejects.toMatchObject({ code: 'settings-invalid' });
  });
});

/** Keys that are kept in memory, as a data directory would. */
function memoryStore(kept?: readonly KeptTicketKey[]) {
  const store: TicketKeyStore & { kept: readonly KeptTicketKey[] | undefined; fails: boolean } = {
    kept,
    fails: false,
    async load(make: () => Promise<readonly KeptTicketKey[]>) {
      if (store.fails) throw new LatchkeyError('settings-invalid', 'the disk is gone');
      store.kept ??= await make();
      return store.kept;
    },
    async save(keys: readonly KeptTicketKey[]) {
      store.kept = keys;
    },
  };
  return store;
}

const hour = 3_600;
const random = seededRandom(1);

async function keptBy(store: ReturnType<typeof memoryStore>, clock = new ManualClock()) {
  const told: string[] = [];
  const turned: (() => void)[] = [];
  const keys = await keptTicketKeys({
    store,
    rotateSeconds: hour,
    lifetimeSecondsMax: hour,
    clock,
    random,
    observer: {
      ticketKeys(outcome) {
        told.push(outcome);
        for (const resolve of turned.splice(0)) resolve();
      },
    },
  });
  const rotated = async () => {
    const turn = new Promise<void>((resolve) => turned.push(resolve));
    clock.advance(hour * 1000);
    await turn;
    await Promise.resolve();
  };
  return { keys, clock, told, rotated };
}

describe('the keys that a relay keeps for itself', () => {
  it('are made once, and are the same after a restart', async () => {
    const store = memoryStore();
    const one = await keptBy(store);
    const other = await keptBy(store);
    expect(other.keys.signing.id).toBe(one.keys.signing.id);
    expect(store.kept).toHaveLength(1);
    expect(one.told).toEqual([]);
  });

  it('change by themselves, and the one before verifies for one lifetime more', async () => {
    const store = memoryStore();
    const { keys, clock, rotated, told } = await keptBy(store);
    const first = keys.signing;
    await rotated();
    expect(told).toEqual(['rotated']);
    expect(keys.signing.id).not.toBe(first.id);
    expect(keys.find(first.id)?.notAfterMs).toBe(clock.now() + hour * 1000);
    await rotated();
    expect(keys.find(first.id)).toBeUndefined();
    expect(store.kept).toHaveLength(2);
    keys.close();
    expect(clock.pending).toBe(0);
  });

  it('change at the start, where the relay was down when it was due', async () => {
    const store = memoryStore();
    const clock = new ManualClock();
    const before = await keptBy(store, clock);
    before.keys.close();
    clock.advance(hour * 1000 + 500);
    const after = await keptBy(store, clock);
    expect(after.keys.signing.id).not.toBe(before.keys.signing.id);
    expect(after.keys.find(before.keys.signing.id)).toBeDefined();
  });

  it('of a clock that was ahead sign no longer than any other', async () => {
    const store = memoryStore();
    const clock = new ManualClock();
    store.kept = [{ secret: secretOf(9), madeAtMs: clock.now() + 10 * hour * 1000 }];
    const { keys, rotated } = await keptBy(store, clock);
    expect(store.kept[0]?.madeAtMs).toBe(clock.now());
    const first = keys.signing.id;
    await rotated();
    expect(keys.signing.id).not.toBe(first);
  });

  it('follow another process that changed them first', async () => {
    const store = memoryStore();
    const clock = new ManualClock();
    const one = await keptBy(store, clock);
    store.kept = [{ secret: secretOf(9), madeAtMs: clock.now() + hour * 1000 - 1 }, ...(store.kept ?? [])];
    clock.advance(hour * 1000);
    await expect.poll(() => one.keys.signing.id).toBe(readTicketKeys(secretOf(9))[0]?.id);
    expect(one.told).toEqual([]);
  });

  it('stay as they are while the store fails, and it is tried again', async () => {
    const store = memoryStore();
    const { keys, clock, rotated, told } = await keptBy(store);
    const first = keys.signing.id;
    store.fails = true;
    await rotated();
    expect([told, keys.signing.id]).toEqual([['failed'], first]);
    store.fails = false;
    clock.advance(limits.ticketKeysLookMs);
    await expect.poll(() => told).toEqual(['failed', 'rotated']);
    keys.close();
  });

  it.each<[string, unknown]>([
    ['no list', {}],
    ['an empty list', []],
    ['keys that are too short', [{ secret: 'AAAA', madeAtMs: 1 }]],
    ['keys without a time', [{ secret: secretOf(1) }]],
    ['nothing in it', [null]],
    ['too many', Array.from({ length: limits.ticketKeysMax + 1 }, () => ({ secret: secretOf(1), madeAtMs: 1 }))],
  ])('are refused where what was kept is %s', async (_, kept) => {
    const store = memoryStore(kept as KeptTicketKey[]);
    await expect(keptBy(store)).rejects.toMatchObject({ code: 'settings-invalid' });
  });
});
