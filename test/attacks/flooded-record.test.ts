// Who can mount it: anyone who can reach the port, with tokens that are none, and a signed-in stranger who asks for one camera after the
// other, to fill the disk that the record lies on, or to bury in it what they did. Counts hold: what strangers come with is a number a
// minute, and one person's refusals are so many a minute and then a number.
import { expect, it } from 'vitest';
import type { NewRecord } from '../../src/audit/records.ts';
import { Refusals } from '../../src/audit/refusals.ts';
import { deviceId, limits, subjectId } from '../../src/base/index.ts';
import { ManualClock } from '../support/manual-clock.ts';

function refusals() {
  const clock = new ManualClock();
  const written: NewRecord[] = [];
  const refusals = new Refusals(
    clock,
    (record) => written.push(record),
    () => `refusal-${written.length}`,
  );
  const refuse = (subject: string, device: string) =>
    refusals.refused({
      subject: subjectId(subject),
      device: deviceId(device),
      code: 'not-allowed',
      token: { issuer: 'idp', tokenId: undefined },
    });
  const counted = () => written.reduce((sum, { body }) => sum + Number(JSON.parse(body).count ?? 0), 0);
  return { clock, written, refusals, refuse, counted, minute: () => clock.advance(limits.auditJoinMs) };
}

it('strangers write one record a minute, whatever they send', () => {
  const { written, refusals: table, minute } = refusals();
  for (let count = 0; count < 10_000; count++) table.stranger(count % 2 === 0 ? 'token-signature' : 'token-expired');
  expect(written).toEqual([]);
  minute();
  expect(written.map(({ kind, body }) => [kind, JSON.parse(body).codes])).toEqual([
    ['strangers-refused', { 'token-signature': 5_000, 'token-expired': 5_000 }],
  ]);
});

it('one person who asks for everything writes so many records and one more, and none of it is forgotten', () => {
  const { written, refuse, counted, minute } = refusals();
  for (let count = 0; count < 1_000; count++) refuse('eve', `cam-${count}`);
  expect(written).toHaveLength(limits.auditRefusalsPerSubjectMax);
  minute();
  expect(written).toHaveLength(limits.auditRefusalsPerSubjectMax + 1);
  const [first] = written;
  expect(written.at(-1)).toMatchObject({ kind: 'refusals-joined', session: first?.session, names: [] });
  expect(counted()).toBe(1_000);
});

it('she keeps nobody else out of the record', () => {
  const { written, refuse } = refusals();
  for (let count = 0; count < 1_000; count++) refuse('eve', `cam-${count}`);
  refuse('mallory', 'cam-1');
  expect(written.at(-1)?.names[0]?.name).toBe('mallory');
});

it('a crowd fills the table of a minute and no more, and is counted all the same', () => {
  const { written, refuse, counted, minute } = refusals();
  for (let count = 0; count < limits.auditRefusalsJoinedMax + 500; count++) refuse(`person-${count}`, 'cam-1');
  expect(written).toHaveLength(limits.auditRefusalsJoinedMax);
  minute();
  expect(written).toHaveLength(limits.auditRefusalsJoinedMax + 1);
  expect(counted()).toBe(limits.auditRefusalsJoinedMax + 500);
  refuse('person-1', 'cam-1');
  expect(written.at(-1)?.names[0]?.name).toBe('person-1');
});
