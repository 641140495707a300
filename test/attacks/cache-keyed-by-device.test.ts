// Nobody has to attack: a cache whose key forgets who asked gives the second viewer of a camera the first one's yes. The
// entry holds: it names its own subject, and an entry that names another is an alarm and no answer.
import { expect, it } from 'vitest';
import type { SealedStore } from '../../src/ownership/index.ts';
import { asking } from '../ownership/support/asking.ts';
import { granting, refusing } from '../ownership/support/scripted-source.ts';

/** A store that keeps one entry for whatever its own idea of a key is. */
function storeBy(keyOf: (key: string) => string): SealedStore {
  const entries = new Map<string, string>();
  return {
    get: (key) => entries.get(keyOf(key)),
    set: (key, sealed) => void entries.set(keyOf(key), sealed),
    delete: (key) => void entries.delete(keyOf(key)),
  };
}

const mistakes: [string, (key: string) => string, [string, string]][] = [
  ['the device alone', (key) => key.slice(-4), ['ben', 'cam1']],
  ['the subject alone', (key) => key.slice(0, 7), ['alice', 'cam2']],
  ['nothing', () => '', ['ben', 'cam2']],
  ['the beginning of the device', (key) => key.replace(/\d+:cam/, 'cam').slice(0, 11), ['alice', 'cam10']],
];

it.each(mistakes)('a cache by %s gives nobody another’s yes', async (_, keyOf, [subject, device]) => {
  const { codeFor, source, alarms } = asking({ store: storeBy(keyOf) });
  source.answer = (question) =>
    question.subject === 'alice' && question.device === 'cam1' ? granting(question) : refusing(question);
  expect(await codeFor('alice', 'cam1')).toBe('done');
  expect(await codeFor(subject, device)).toBe('not-allowed');
  expect(alarms).toEqual(['cache-crossed']);
  expect(source.asked).toEqual(['alice cam1', `${subject} ${device}`]);
});

it.each(mistakes)('nor does a cache by %s give the owner another’s no', async (_, keyOf, [subject, device]) => {
  const { codeFor, source } = asking({ store: storeBy(keyOf) });
  source.answer = (question) =>
    question.subject === 'alice' && question.device === 'cam1' ? granting(question) : refusing(question);
  expect(await codeFor(subject, device)).toBe('not-allowed');
  expect(await codeFor('alice', 'cam1')).toBe('done');
});
