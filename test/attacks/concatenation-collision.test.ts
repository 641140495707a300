// Whoever may choose their own name, or their camera's: `a` and `bc` look like `ab` and `c` once they are written together.
// Lengths hold: everything that is joined carries the length of its parts, in keys, in flights and under the MAC.
import fc from 'fast-check';
import { expect, it } from 'vitest';
import type { SealedStore } from '../../src/ownership/index.ts';
import { createSessions } from '../../src/pairing/index.ts';
import { asking } from '../ownership/support/asking.ts';
import { granting, refusing } from '../ownership/support/scripted-source.ts';
import { codeOf } from '../support/codes.ts';
import { ManualClock } from '../support/manual-clock.ts';
import { pairProof } from '../support/proofs.ts';
import { seededRandom } from '../support/seeded-random.ts';

const splits: [string, string, string, string][] = [
  ['a', 'bc', 'ab', 'c'],
  ['alice', '1cam', 'alice1', 'cam'],
  ['a:b', 'c', 'a', 'b:c'],
  ['a|b', 'c', 'a', 'b|c'],
  ['1', '1:1', '1:1', '1'],
];

it.each(splits)('%s and %s never answer for %s and %s', async (subject, device, otherSubject, otherDevice) => {
  const { codeFor, source, alarms } = asking();
  source.answer = (question) => (question.subject === subject ? granting(question) : refusing(question));
  expect(await codeFor(subject, device)).toBe('done');
  expect(await codeFor(otherSubject, otherDevice)).toBe('not-allowed');
  const both = await Promise.all([codeFor(`${subject}0`, device), codeFor(subject, `0${device}`)]);
  expect(both).toEqual(['not-allowed', 'done']);
  expect(alarms).toEqual([]);
});

it('a store that joins names without lengths gives nobody another’s yes', async () => {
  const entries = new Map<string, string>();
  const joined = (key: string) => key.replace(/\d+:/g, '');
  const store: SealedStore = {
    get: (key) => entries.get(joined(key)),
    set: (key, sealed) => void entries.set(joined(key), sealed),
    delete: (key) => void entries.delete(joined(key)),
  };
  const { codeFor, source, alarms } = asking({ store });
  source.answer = (question) => (question.subject === 'a' ? granting(question) : refusing(question));
  expect(await codeFor('a', 'bc')).toBe('done');
  expect(await codeFor('ab', 'c')).toBe('not-allowed');
  expect(alarms).toEqual(['cache-crossed']);
});

it('no two pairs of names share a cache entry or a session', async () => {
  const name = fc.string({ unit: fc.constantFrom('a', '1', ':', '|'), minLength: 1, maxLength: 4 }).map((s) => `a${s}`);
  await fc.assert(
    fc.asyncProperty(name, name, name, name, async (subject, device, otherSubject, otherDevice) => {
      const same = subject === otherSubject && device === otherDevice;
      const clock = new ManualClock();
      const { codeFor, source } = asking({ clock });
      source.answer = (question) =>
        question.subject === subject && question.device === device ? granting(question) : refusing(question);
      expect(await codeFor(subject, device)).toBe('done');
      expect(await codeFor(otherSubject, otherDevice)).toBe(same ? 'done' : 'not-allowed');
      const settings = { lifetimeMsMax: 1_000, perDeviceMax: 8, perSubjectMax: 8 };
      const sessions = createSessions(settings, clock, seededRandom(1));
      const { id } = sessions.open(pairProof(subject, device, clock.now()));
      const other = pairProof(otherSubject, otherDevice, clock.now());
      expect(await codeOf(() => sessions.ofViewer(id, other))).toBe(same ? 'done' : 'session-unknown');
    }),
    { numRuns: 60 },
  );
});
