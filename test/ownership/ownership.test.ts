import { describe, expect, it } from 'vitest';
import { deviceId, LatchkeyError, limits, type SubjectId } from '../../src/base/index.ts';
import {
  createLruStore,
  createOwnership,
  isOwnershipProof,
  type OwnershipAnswer,
  refusingSource,
  type SealedStore,
} from '../../src/ownership/index.ts';
import { codeOf } from '../support/codes.ts';
import { disguised, forgeriesOf } from '../support/forgeries.ts';
import { ManualClock } from '../support/manual-clock.ts';
import { cameraProof, viewerProof } from '../support/proofs.ts';
import { seededRandom } from '../support/seeded-random.ts';
import { asking, cacheSettings } from './support/asking.ts';
import { granting, questionOf, refusing, ScriptedSource } from './support/scripted-source.ts';

describe('an answer', () => {
  it('that grants is a proof of exactly the question', async () => {
    const { may, source, clock } = asking();
    source.answer = (question) => ({ ...granting(question, 'viewer', clock.now() + 1), version: '42' });
    const proof = await may('alice', 'cam1');
    expect(isOwnershipProof(proof)).toBe(true);
    expect({ ...proof }).toEqual({
      ...questionOf('alice', 'cam1'),
      role: 'viewer',
      notAfterMs: clock.now() + 1,
      source: 'scripted',
      version: '42',
    });
  });

  it('that refuses is an error that says no more', async () => {
    const { may, source, told } = asking();
    source.answer = refusing;
    const error = await may('alice', 'cam1').catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code: 'not-allowed', detail: undefined });
    expect(told).toEqual(['refused source 0']);
  });

  it('that has ended is a refusal', async () => {
    const { codeFor, source, clock } = asking();
    source.answer = (question) => granting(question, 'owner', clock.now());
    expect(await codeFor('alice', 'cam1')).toBe('not-allowed');
  });

  it('is asked for a real viewer alone', async () => {
    const { ownership, source } = asking();
    const alice = viewerProof('alice', 0);
    const nobodies = [
      ...forgeriesOf(alice).map(({ forged }) => forged),
      disguised<typeof alice>(cameraProof('alice', 0)),
    ];
    for (const nobody of nobodies) {
      await expect(ownership.may(nobody, deviceId('cam1'))).rejects.toThrow(TypeError);
      await expect(ownership.devices(nobody)).rejects.toThrow(TypeError);
    }
    expect(source.asked).toEqual([]);
  });
});

describe('an answer is remembered', () => {
  it('when it grants, for as long as the settings say from when it was asked for', async () => {
    const { may, source, clock, told } = asking();
    source.answer = async (question) => {
      clock.advance(1_000);
      return granting(question);
    };
    await may('alice', 'cam1');
    clock.advance(3_999);
    await may('alice', 'cam1');
    expect(source.asked).toHaveLength(1);
    expect(told).toEqual(['granted source 1000', 'granted cache 0']);
    clock.advance(1);
    await may('alice', 'cam1');
    expect(source.asked).toHaveLength(2);
  });

  it('when it refuses, for less long', async () => {
    const { codeFor, source, clock, told } = asking();
    source.answer = refusing;
    await codeFor('alice', 'cam1');
    clock.advance(999);
    expect(await codeFor('alice', 'cam1')).toBe('not-allowed');
    expect(source.asked).toHaveLength(1);
    expect(told.at(-1)).toBe('refused cache 0');
    clock.advance(1);
    source.answer = (question) => granting(question);
    expect(await codeFor('alice', 'cam1')).toBe('done');
  });

  it('not at all when it refuses and the settings say so', async () => {
    const store = createLruStore(10);
    const { codeFor, source } = asking({ store, settings: { refusalMsMax: 0 } });
    source.answer = refusing;
    await codeFor('alice', 'cam1');
    await codeFor('alice', 'cam1');
    expect([source.asked.length, store.size]).toEqual([2, 0]);
  });

  it('no longer than the share lasts', async () => {
    const { codeFor, source, clock } = asking();
    const endMs = clock.now() + 2_000;
    source.answer = (question) => granting(question, 'viewer', endMs);
    await codeFor('alice', 'cam1');
    clock.advance(1_999);
    expect(await codeFor('alice', 'cam1')).toBe('done');
    expect(source.asked).toHaveLength(1);
    clock.advance(1);
    expect(await codeFor('alice', 'cam1')).toBe('not-allowed');
    expect(source.asked).toHaveLength(2);
  });

  it('for its own question alone', async () => {
    const { codeFor, source } = asking();
    source.answer = (question) => (question.subject === 'alice' ? granting(question) : refusing(question));
    expect(await codeFor('alice', 'cam1')).toBe('done');
    expect(await codeFor('ben', 'cam1')).toBe('not-allowed');
    expect(await codeFor('alice', 'cam1')).toBe('done');
    expect(source.asked).toEqual(['alice cam1', 'ben cam1']);
  });

  it('in so many entries and no more', async () => {
    const { may, source } = asking({ settings: { entriesMax: 2 } });
    for (const device of ['a', 'b', 'c', 'c', 'b', 'a']) await may('alice', device);
    expect(source.asked).toEqual(['alice a', 'alice b', 'alice c', 'alice a']);
  });

  it('for one revision of the source alone', async () => {
    class Revised extends ScriptedSource {
      current = '1';
      revision(): string {
        return this.current;
      }
    }
    const source = new Revised();
    const { codeFor, told } = asking({ source });
    await codeFor('alice', 'cam1');
    await codeFor('alice', 'cam1');
    source.current = '2';
    source.answer = refusing;
    expect(await codeFor('alice', 'cam1')).toBe('not-allowed');
    expect(told).toEqual(['granted source 0', 'granted cache 0', 'refused source 0']);
  });

  it('in the revision before it was asked for', async () => {
    class Revised extends ScriptedSource {
      current = 1;
      revision(): string {
        return `${this.current}`;
      }
    }
    const source = new Revised();
    const { codeFor } = asking({ source });
    source.answer = (question) => {
      source.current += 1;
      return granting(question);
    };
    await codeFor('alice', 'cam1');
    await codeFor('alice', 'cam1');
    expect(source.asked).toHaveLength(2);
  });

  it('not when the revision cannot be had', async () => {
    class Failing extends ScriptedSource {
      fails = false;
      revision(): string {
        if (this.fails) throw new Error('closed');
        return '1';
      }
    }
    const source = new Failing();
    const { codeFor } = asking({ source });
    await codeFor('alice', 'cam1');
    source.fails = true;
    await codeFor('alice', 'cam1');
    await codeFor('alice', 'cam2');
    source.fails = false;
    await codeFor('alice', 'cam2');
    expect(source.asked).toEqual(['alice cam1', 'alice cam1', 'alice cam2', 'alice cam2']);
  });

  it('not when the source failed', async () => {
    const { codeFor, source } = asking();
    source.answer = () => Promise.reject(new Error('down'));
    expect(await codeFor('alice', 'cam1')).toBe('source-unavailable');
    source.answer = (question) => granting(question);
    expect(await codeFor('alice', 'cam1')).toBe('done');
  });
});

describe('a source', () => {
  it('that cannot say makes an outage of it, and keeps why for the log', async () => {
    const { may, source, told } = asking();
    const fault = new Error('down');
    source.answer = () => Promise.reject(fault);
    await expect(may('alice', 'cam1')).rejects.toMatchObject({ code: 'source-unavailable', cause: fault });
    expect(told).toEqual(['unavailable source 0']);
  });

  it('that fails with an error of ours makes an outage of it all the same', async () => {
    const { codeFor, source } = asking();
    source.answer = () => Promise.reject(new LatchkeyError('token-expired'));
    expect(await codeFor('alice', 'cam1')).toBe('source-unavailable');
  });

  it('that does not say in time is given up, and what it says later is not remembered', async () => {
    const { codeFor, source, clock, told } = asking();
    const late = Promise.withResolvers<OwnershipAnswer>();
    let signal: AbortSignal | undefined;
    source.answer = (_, given) => {
      signal = given;
      return late.promise;
    };
    const code = codeFor('alice', 'cam1');
    clock.advance(limits.ownershipAnswerMsMax - 1);
    expect(signal?.aborted).toBe(false);
    clock.advance(1);
    expect(await code).toBe('source-unavailable');
    expect(signal?.aborted).toBe(true);
    expect(told).toEqual([`unavailable source ${limits.ownershipAnswerMsMax}`]);
    late.resolve(granting(questionOf('alice', 'cam1')));
    await new Promise<void>((resolve) => setImmediate(() => resolve()));
    source.answer = refusing;
    expect(await codeFor('alice', 'cam1')).toBe('not-allowed');
  });

  it('that answers another question is refused, with an alarm, and not remembered', async () => {
    for (const other of [questionOf('ben', 'cam1'), questionOf('alice', 'cam10')]) {
      const { codeFor, source, alarms, told } = asking();
      source.answer = () => granting(other);
      expect(await codeFor('alice', 'cam1')).toBe('not-allowed');
      expect(alarms).toEqual(['source-crossed']);
      expect(told).toEqual(['refused source 0']);
      source.answer = (question) => granting(question);
      expect(await codeFor('alice', 'cam1')).toBe('done');
      expect(await codeFor(other.subject, other.device)).toBe('done');
      expect(source.asked).toHaveLength(3);
    }
  });

  const question = questionOf('alice', 'cam1');
  it.each<[string, unknown]>([
    ['nothing', undefined],
    ['null', null],
    ['true', true],
    ['a text', 'owner'],
    ['an answer without a subject', { ...granting(question), subject: undefined }],
    ['an answer without a device', { ...granting(question), device: undefined }],
    ['an answer without a mark', { ...granting(question), version: undefined }],
    ['an answer with a mark that is too long', { ...granting(question), version: 'x'.repeat(129) }],
    ['a role that is none', { ...granting(question), role: 'admin' }],
    ['a role that is true', { ...granting(question), role: true }],
    ['a role that is null', { ...granting(question), role: null }],
    ['an end that is no number', { ...granting(question), notAfterMs: '2027' }],
    ['an end that is NaN', { ...granting(question), notAfterMs: Number.NaN }],
    ['an end that is infinite', { ...granting(question), notAfterMs: Number.POSITIVE_INFINITY }],
    ['an end that is null', { ...granting(question), notAfterMs: null }],
  ])('that answers %s has not answered', async (_, answer) => {
    const { codeFor, source, alarms } = asking();
    source.answer = () => answer;
    expect(await codeFor('alice', 'cam1')).toBe('source-unavailable');
    expect(alarms).toEqual(['source-malformed']);
    expect(await codeFor('alice', 'cam1')).toBe('source-unavailable');
    expect(source.asked).toHaveLength(2);
  });

  it('may mark its answer with as many characters as there may be', async () => {
    const { codeFor, source } = asking();
    source.answer = (asked) => ({ ...granting(asked), version: 'x'.repeat(limits.sourceVersionCharactersMax) });
    expect(await codeFor('alice', 'cam1')).toBe('done');
  });

  it('that says something else at the second look is looked at once', async () => {
    const { codeFor, source } = asking();
    let looks = 0;
    source.answer = (asked) => ({
      ...refusing(asked),
      get role() {
        looks += 1;
        return looks === 1 ? undefined : 'owner';
      },
    });
    expect(await codeFor('alice', 'cam1')).toBe('not-allowed');
    expect(looks).toBe(1);
  });

  it('that was not given refuses everyone', async () => {
    const { codeFor, devices } = asking({ source: refusingSource() });
    expect(await codeFor('alice', 'cam1')).toBe('not-allowed');
    expect(await devices('alice')).toEqual([]);
  });
});

describe('a question', () => {
  it('that is under way is joined, not asked twice', async () => {
    const { codeFor, source, told } = asking();
    const held = Promise.withResolvers<OwnershipAnswer>();
    source.answer = () => held.promise;
    const codes = Promise.all([codeFor('alice', 'cam1'), codeFor('alice', 'cam1'), codeFor('alice', 'cam1')]);
    held.resolve(granting(questionOf('alice', 'cam1')));
    expect(await codes).toEqual(['done', 'done', 'done']);
    expect(source.asked).toHaveLength(1);
    expect(told).toHaveLength(3);
  });

  it('is joined by the same question alone', async () => {
    const { codeFor, source } = asking();
    source.answer = async (question) => (question.device === 'cam1' ? granting(question) : refusing(question));
    const codes = await Promise.all([codeFor('alice', 'cam1'), codeFor('alice', 'cam10'), codeFor('alicec', 'am1')]);
    expect(codes).toEqual(['done', 'not-allowed', 'not-allowed']);
  });

  it('that failed is asked again', async () => {
    const { codeFor, source } = asking();
    source.answer = () => Promise.reject(new Error('down'));
    expect(await Promise.all([codeFor('alice', 'cam1'), codeFor('alice', 'cam1')])).toEqual(
      Array(2).fill('source-unavailable'),
    );
    await codeFor('alice', 'cam1');
    expect(source.asked).toHaveLength(2);
  });

  it('has its place among so many that are under way, and no more', async () => {
    const { codeFor, source, clock } = asking();
    source.answer = () => new Promise(() => {});
    const many = Array.from({ length: limits.ownershipQuestionsInFlightMax }, (_, n) => codeFor('alice', `cam${n}`));
    const asked = source.asked.length;
    expect(asked).toBe(limits.ownershipQuestionsInFlightMax);
    expect(await codeFor('alice', 'one-more')).toBe('source-unavailable');
    expect(source.asked).toHaveLength(asked);
    const joined = codeFor('alice', 'cam0');
    clock.advance(limits.ownershipAnswerMsMax);
    expect(new Set(await Promise.all([...many, joined]))).toEqual(new Set(['source-unavailable']));
    source.answer = (question) => granting(question);
    expect(await codeFor('alice', 'one-more')).toBe('done');
  });
});

describe('the devices of a viewer', () => {
  const listing = (subject: SubjectId, ...ids: string[]) =>
    ids.map((id) => granting({ subject, device: deviceId(id) }));

  it('are those that the source grants now', async () => {
    const { devices, source, clock } = asking();
    const nowMs = clock.now();
    source.list = (subject) => [
      ...listing(subject, 'a', 'b'),
      granting({ subject, device: deviceId('c') }, 'viewer', nowMs + 1),
      granting({ subject, device: deviceId('d') }, 'viewer', nowMs),
      refusing({ subject, device: deviceId('e') }),
    ];
    expect(await devices('alice')).toEqual(['a', 'b', 'c']);
    expect(source.asked).toEqual(['alice']);
  });

  it('leave out what is somebody else’s, with an alarm', async () => {
    const { devices, source, alarms } = asking();
    source.list = (subject) => [...listing(subject, 'a'), granting(questionOf('ben', 'b')), ...listing(subject, 'c')];
    expect(await devices('alice')).toEqual(['a', 'c']);
    expect(alarms).toEqual(['source-crossed']);
  });

  it('come each once, and no more than there may be', async () => {
    const { devices, source, alarms } = asking();
    const many = Array.from({ length: limits.devicesPerSubjectMax + 5 }, (_, n) => `cam${n}`);
    source.list = (subject) => [...listing(subject, 'cam0'), ...listing(subject, ...many)];
    const listed = await devices('alice');
    expect(listed).toHaveLength(limits.devicesPerSubjectMax - 1);
    expect(new Set(listed).size).toBe(listed.length);
    expect(alarms).toEqual([]);
  });

  it.each<[string, () => unknown]>([
    ['fails', () => Promise.reject(new Error('down'))],
    ['gives no list', () => ({})],
    ['gives nothing', () => undefined],
    ['gives one entry that is none', () => [{ ...granting(questionOf('alice', 'a')), role: 'admin' }]],
  ])('are not known when the source %s', async (_, list) => {
    const { devices, source } = asking();
    source.list = list;
    expect(await codeOf(devices('alice'))).toBe('source-unavailable');
  });

  it('are not taken from what is no list, and that is an alarm', async () => {
    const { devices, source, alarms } = asking();
    source.list = () => ({ slice: () => [] });
    expect(await codeOf(devices('alice'))).toBe('source-unavailable');
    expect(alarms).toEqual(['source-malformed']);
  });

  it('are not waited for longer than an answer', async () => {
    const { devices, source, clock } = asking();
    source.list = () => new Promise(() => {});
    const code = codeOf(devices('alice'));
    clock.advance(limits.ownershipAnswerMsMax);
    expect(await code).toBe('source-unavailable');
  });
});

describe('after its end', () => {
  it('ownership answers nobody, not even from memory', async () => {
    const { codeFor, devices, ownership, source } = asking();
    expect(await codeFor('alice', 'cam1')).toBe('done');
    await ownership.close();
    expect(source.closed).toBe(1);
    expect(await codeFor('alice', 'cam1')).toBe('source-unavailable');
    expect(await codeOf(devices('alice'))).toBe('source-unavailable');
    expect(source.asked).toEqual(['alice cam1']);
  });
});

describe('with nobody to tell', () => {
  it('all goes the same way', async () => {
    const clock = new ManualClock();
    const source = new ScriptedSource();
    const ownership = createOwnership(source, cacheSettings, { clock, random: seededRandom(1), store: lyingStore() });
    const codeFor = (device: string) => codeOf(ownership.may(viewerProof('alice', clock.now()), deviceId(device)));
    expect(await codeFor('cam1')).toBe('done');
    source.answer = refusing;
    expect(await codeFor('cam2')).toBe('not-allowed');
    source.answer = () => granting(questionOf('ben', 'cam3'));
    expect(await codeFor('cam3')).toBe('not-allowed');
    source.answer = () => undefined;
    expect(await codeFor('cam4')).toBe('source-unavailable');
    source.list = () => [granting(questionOf('ben', 'cam5'))];
    expect(await ownership.devices(viewerProof('alice', clock.now()))).toEqual([]);
  });

  /** A store that has something to say to every question, and it is never the truth. */
  function lyingStore(): SealedStore {
    return { get: () => 'yes', set: () => {}, delete: () => {} };
  }
});

describe('settings', () => {
  it.each([
    { entriesMax: 0 },
    { entriesMax: limits.cacheEntriesMax + 1 },
    { entriesMax: Number.NaN },
    { grantMsMax: 0, refusalMsMax: 0 },
    { grantMsMax: Number.NaN },
    { refusalMsMax: -1 },
    { grantMsMax: 1_000, refusalMsMax: 1_001 },
  ])('%j are refused', async (settings) => {
    expect(await codeOf(() => asking({ settings }))).toBe('settings-invalid');
  });

  it.each([
    { entriesMax: 1 },
    { entriesMax: limits.cacheEntriesMax },
    { grantMsMax: 1_000, refusalMsMax: 1_000 },
    { grantMsMax: 1, refusalMsMax: 0 },
  ])('%j are taken', async (settings) => {
    expect(await codeOf(() => asking({ settings }))).toBe('done');
  });

  it('name a store where answers are kept', async () => {
    const store = createLruStore(10);
    const { codeFor } = asking({ store });
    await codeFor('alice', 'cam1');
    expect(store.size).toBe(1);
  });
});

describe('a change that the source tells of', () => {
  it('keeps those who come after it from the answer to a question that was asked before it', async () => {
    const { codeFor, source } = asking();
    const early = Promise.withResolvers<unknown>();
    source.answer = () => early.promise;
    const before = codeFor('alice', 'cam1');
    source.tell(questionOf('alice', 'cam1'));
    source.answer = refusing;
    const after = codeFor('alice', 'cam1');
    early.resolve(granting(questionOf('alice', 'cam1')));
    expect([await before, await after]).toEqual(['done', 'not-allowed']);
  });

  it('makes the proofs of before it not current, and those of after it current', async () => {
    const { may, source, ownership } = asking();
    const before = await may('alice', 'cam1');
    expect(ownership.isCurrent(before)).toBe(true);
    source.tell('everything');
    const [after, listed] = [await may('alice', 'cam1'), ownership.devices(viewerProof('alice', 0, 9e15))];
    expect([before, after].map((proof) => ownership.isCurrent(proof))).toEqual([false, true]);
    expect((await listed).every((proof) => ownership.isCurrent(proof))).toBe(true);
  });

  it('is told on, until nobody listens, or the end', async () => {
    const { source, ownership } = asking();
    const heard: unknown[] = [];
    const end = ownership.changes((change) => heard.push(change));
    source.tell('everything');
    end();
    source.tell('everything');
    expect(heard).toEqual(['everything']);
    await ownership.close();
    expect(source.listeners).toBe(0);
  });
});

describe('asking again', () => {
  it('asks the source, whatever is remembered, and gives its answer as `may` does', async () => {
    const { codeFor, source, ownership, clock } = asking();
    const viewer = viewerProof('alice', clock.now());
    const { device } = questionOf('alice', 'cam1');
    await codeFor('alice', 'cam1');
    expect(await ownership.again(viewer, device)).toMatchObject({ subject: 'alice', device: 'cam1', role: 'owner' });
    expect(source.asked).toEqual(['alice cam1', 'alice cam1']);
    source.answer = refusing;
    expect(await codeOf(ownership.again(viewer, device))).toBe('not-allowed');
    source.answer = () => granting(questionOf('ben', 'cam1'));
    expect(await codeOf(ownership.again(viewer, device))).toBe('not-allowed');
    source.answer = () => Promise.reject(new Error('down'));
    expect(await codeOf(ownership.again(viewer, device))).toBe('source-unavailable');
    await expect(ownership.again({ ...viewer } as typeof viewer, device)).rejects.toThrow(TypeError);
  });
});
