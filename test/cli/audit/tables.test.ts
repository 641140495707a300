import { expect, it } from 'vitest';
import type { Answer, Verdict } from '../../../src/audit/index.ts';
import { answerText } from '../../../src/cli/audit/tables.ts';

const [fromMs, toMs] = [Date.UTC(2030, 0, 1), Date.UTC(2030, 0, 3)];
const verdict: Verdict = {
  ...{ records: 1, first: 1, last: 1, erased: 0, gaps: 0 },
  ...{ head: '1:00', publicKey: 'x', findings: [] },
};
const none: Answer = { viewings: [], refusals: [], more: false, namesFromMs: undefined };
const said = (namesFromMs: number | undefined) =>
  answerText({ ...none, namesFromMs }, 'subject', 'cam-1', { fromMs, toMs }, verdict)
    .split('\n\n')
    .slice(0, -1);

it('says that nobody saw a camera for the time of which it has names, and for no other', () => {
  const gone = 'nobody can say whose they were: names go in their time';
  expect(said(undefined)).toEqual(['nobody saw cam-1 between 2030-01-01 00:00:00 and 2030-01-03 00:00:00 UTC']);
  expect(said(Date.UTC(2030, 0, 2))).toEqual([
    'nobody saw cam-1 between 2030-01-02 00:00:00 and 2030-01-03 00:00:00 UTC',
    `of views that began before 2030-01-02 00:00:00 UTC ${gone}`,
  ]);
  expect(said(Date.UTC(2030, 0, 4))).toEqual([`of views that began before 2030-01-04 00:00:00 UTC ${gone}`]);
});
