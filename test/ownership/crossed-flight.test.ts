import { expect, it, vi } from 'vitest';
import { asking } from './support/asking.ts';
import { granting, refusing } from './support/scripted-source.ts';

// The names of questions, broken on purpose: without the lengths, different questions have one name.
vi.mock('../../src/ownership/fields.ts', async (original) => {
  const real = await original<typeof import('../../src/ownership/fields.ts')>();
  const joinFields = (fields: readonly string[]) => (fields.length === 2 ? fields.join('') : real.joinFields(fields));
  return { ...real, joinFields };
});

it('a question that joins another one’s flight gets no answer from it', async () => {
  const { codeFor, source, alarms, told } = asking();
  source.answer = (question) => (question.subject === 'a' ? granting(question) : refusing(question));
  expect(await Promise.all([codeFor('a', 'bc'), codeFor('ab', 'c')])).toEqual(['done', 'not-allowed']);
  expect(source.asked).toEqual(['a bc']);
  expect(alarms).toEqual(['flight-crossed']);
  expect(told).toEqual(['granted source 0', 'refused source 0']);
});

it('and none from its entry in the cache', async () => {
  const { codeFor, source, alarms } = asking();
  source.answer = (question) => (question.subject === 'a' ? granting(question) : refusing(question));
  expect(await codeFor('a', 'bc')).toBe('done');
  expect(await codeFor('ab', 'c')).toBe('not-allowed');
  expect(alarms).toEqual(['cache-crossed']);
});
