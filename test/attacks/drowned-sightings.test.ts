/**
 * Who can mount it: anyone with a good token, who asks for a stranger's camera again and again: each refusal is on record, and an answer has a
 * bound. Whoever saw the camera after ten thousand of them is in the answer all the same.
 */
import { expect, it } from 'vitest';
import { ask } from '../../src/audit/index.ts';
import { newName, newRecord } from '../../src/audit/records.ts';
import { limits } from '../../src/base/index.ts';
import { AuditPlace, startMs, subject } from '../audit/support/audit-place.ts';

it('refusals hide nobody who saw the camera', () => {
  using place = new AuditPlace();
  const store = place.store();
  const refused = newRecord(
    'refused',
    startMs,
    { code: 'not-allowed', count: 1 },
    {
      names: [subject('mallory'), newName('device', 'cam-0')],
    },
  );
  store.append(Array(limits.auditAnswersMax + 1).fill(refused), startMs);
  store.close();
  place.fill(1);
  const { viewings, refusals, more } = ask(place.place.file, 'device', 'cam-0', startMs, startMs + 60_000);
  expect(viewings).toMatchObject([{ subject: { name: 'alice' }, seen: true }]);
  expect([refusals.length, more]).toEqual([limits.auditAnswersMax, true]);
});
