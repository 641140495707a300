import { describe, expect, it } from 'vitest';
import { AdminRecord } from '../../src/admin/record.ts';
import { limits } from '../../src/base/index.ts';
import { MemoryAudit } from '../support/admin-world.ts';
import { ManualClock } from '../support/manual-clock.ts';

function stage() {
  const [audit, clock] = [new MemoryAudit(), new ManualClock()];
  const unrecorded: unknown[] = [];
  const record = new AdminRecord(audit, clock, { unrecorded: (error) => unrecorded.push(error) });
  return { audit, clock, record, unrecorded };
}

describe('the record of the admin API', () => {
  it('tells the first stranger at once and the others as a number, once a minute', async () => {
    const { audit, clock, record } = stage();
    for (let times = 0; times < 1_000; times++) await record.strangerRefused();
    expect(audit.entries.map(({ detail }) => detail)).toEqual(['no credential that is known']);
    clock.advance(limits.adminStrangersToldMs);
    await record.strangerRefused();
    expect(audit.entries.map(({ detail }) => detail)).toEqual([
      'no credential that is known',
      '999 more without a credential that is known',
    ]);
    clock.advance(2 * limits.adminStrangersToldMs);
    expect(audit.entries).toHaveLength(3);
    expect(clock.pending).toBe(0);
  });

  it('tells a stranger at once again after a quiet while', async () => {
    const { audit, clock, record } = stage();
    await record.strangerRefused();
    clock.advance(limits.adminStrangersToldMs);
    await record.strangerRefused();
    expect(audit.entries.map(({ detail }) => detail)).toEqual(Array(2).fill('no credential that is known'));
  });

  it('cuts what is told at its bound', async () => {
    const { audit, record } = stage();
    await record.done({ action: 'a', by: 'b', detail: 'x'.repeat(limits.reasonCharactersMax) });
    await record.done({ action: 'a', by: 'b', detail: 'x'.repeat(limits.reasonCharactersMax + 1) });
    expect(audit.entries.map(({ detail }) => detail?.length)).toEqual([
      limits.reasonCharactersMax,
      limits.reasonCharactersMax,
    ]);
    expect(audit.entries[1]?.detail?.endsWith('x…')).toBe(true);
  });

  it('says of a refusal that it cannot be written, and goes on', async () => {
    const { audit, record, unrecorded } = stage();
    audit.writable = false;
    await record.undone({ action: 'a', by: 'b', outcome: 'refused' });
    expect(unrecorded).toHaveLength(1);
    await expect(record.done({ action: 'a', by: 'b' })).rejects.toThrow('the disk is full');
  });

  it('keeps what opens waiting for as long as it takes, and what shuts no longer than its bound', async () => {
    const { clock, unrecorded } = stage();
    const written = Promise.withResolvers<void>();
    const record = new AdminRecord({ writable: true, operatorActed: () => written.promise }, clock, {
      unrecorded: (error) => unrecorded.push(error),
    });
    let isOpen = false;
    const opening = record.begun({ action: 'a', by: 'b' }, false).then(() => {
      isOpen = true;
    });
    const shutting = record.begun({ action: 'a', by: 'b' }, true);
    clock.advance(limits.adminBegunMsMax);
    await shutting;
    expect([isOpen, unrecorded]).toEqual([false, []]);
    written.resolve();
    await opening;
    expect(clock.pending).toBe(0);
  });

  it('that fails stops what opens, and nothing that shuts', async () => {
    const { audit, record, unrecorded } = stage();
    audit.breaks = true;
    await expect(record.begun({ action: 'a', by: 'b' }, false)).rejects.toThrow('the disk is full');
    await record.begun({ action: 'a', by: 'b' }, true);
    expect(unrecorded).toHaveLength(1);
  });
});
