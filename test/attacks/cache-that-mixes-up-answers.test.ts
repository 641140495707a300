// Nobody has to attack: a caching library that mixes up its answers under load, as one did in February 2024, gives thousands
// of people strangers' cameras. Proof holds: an answer names its own question, and one that names another is never data.
import { expect, it } from 'vitest';
import type { OwnershipQuestion, SealedStore } from '../../src/ownership/index.ts';
import { asking } from '../ownership/support/asking.ts';
import { granting, questionOf, refusing } from '../ownership/support/scripted-source.ts';
import { seededRandom } from '../support/seeded-random.ts';

const seeds = [1, 2, 3, 4, 5];
const people = Array.from({ length: 12 }, (_, n) => `person${n}`);
const cameraOf = (person: string) => person.replace('person', 'cam');
const isOwn = ({ subject, device }: OwnershipQuestion) => cameraOf(subject) === device;

function picker(seed: number) {
  const random = seededRandom(seed);
  return {
    often: () => random.fraction() < 0.5,
    oneOf: <T>(list: readonly T[]): T | undefined => list[Math.floor(random.fraction() * list.length)],
  };
}

/** Everyone asks for every camera at once, several times over; nobody may get a proof but of their own. */
async function fleetComesBack(may: ReturnType<typeof asking>['may']) {
  const questions = Array.from({ length: 3 }, () =>
    people.flatMap((person) => people.map((other) => [person, cameraOf(other)] as const)),
  );
  const outcomes = await Promise.allSettled(questions.flat().map(([subject, device]) => may(subject, device)));
  return questions.flat().flatMap(([subject, device], at) => {
    const outcome = outcomes[at];
    if (outcome?.status !== 'fulfilled') return [];
    expect([outcome.value.subject, outcome.value.device]).toEqual([subject, device]);
    return [{ subject, device }];
  });
}

it.each(seeds)('a store that gives out anybody’s entry crosses nobody (seed %i)', async (seed) => {
  const { often, oneOf } = picker(seed);
  const entries = new Map<string, string>();
  const store: SealedStore = {
    get: (key) => (often() ? oneOf([...entries.values()]) : entries.get(key)),
    set: (key, sealed) => void entries.set(often() ? (oneOf([...entries.keys()]) ?? key) : key, sealed),
    delete: (key) => void entries.delete(key),
  };
  const { may, source, alarms } = asking({ store });
  source.answer = (question) => (isOwn(question) ? granting(question) : refusing(question));
  for (let round = 0; round < 3; round++) {
    const granted = await fleetComesBack(may);
    expect(granted.every(({ subject, device }) => cameraOf(subject) === device)).toBe(true);
    expect(new Set(granted.map((each) => each.subject)).size).toBe(people.length);
  }
  expect(new Set(alarms)).toEqual(new Set(['cache-crossed']));
});

it.each(seeds)('a source that gives out anybody’s answer crosses nobody (seed %i)', async (seed) => {
  const { often, oneOf } = picker(seed);
  const { may, source, alarms } = asking();
  const said: OwnershipQuestion[] = [];
  source.answer = (question) => {
    const answer = isOwn(question) ? granting(question) : refusing(question);
    said.push(answer);
    return often() ? oneOf(said) : answer;
  };
  const granted = await fleetComesBack(may);
  expect(granted.every(({ subject, device }) => cameraOf(subject) === device)).toBe(true);
  expect(alarms.length).toBeGreaterThan(0);
  expect(new Set(alarms)).toEqual(new Set(['source-crossed']));
});

it('a library that writes its next answer into the object of the last one crosses nobody', async () => {
  const { may, source } = asking();
  const shared = { ...granting(questionOf('nobody', 'none')) };
  source.answer = async (question) => {
    await Promise.resolve();
    return Object.assign(shared, isOwn(question) ? granting(question) : refusing(question));
  };
  const granted = await fleetComesBack(may);
  expect(granted.every(({ subject, device }) => cameraOf(subject) === device)).toBe(true);
});
