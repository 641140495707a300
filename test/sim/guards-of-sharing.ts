import type { Guard, Removal } from './guard.ts';
import { comparedAgain } from './guards-of-proof.ts';

const cache = 'src/ownership/shared-cache.ts';
const seal = 'src/ownership/shared-seal.ts';

const namesQuestion: Removal = {
  file: seal,
  text: 'subject === question.subject && device === question.device && found.sharedAs',
  by: 'found.sharedAs',
};
const namesSource: Removal = { file: seal, text: '&& found.sharedAs === this.#sharedAs', by: '' };
const saysItsPlace: Removal = { file: seal, text: 'isHere && isAnswer', by: 'isAnswer' };

/** Guards of the cache that relays share: of what is believed that any of them wrote, and of who else did. */
export const guardsOfSharing: readonly Guard[] = [
  {
    name: 'the seal of a shared entry',
    removed: [
      {
        file: seal,
        text: 'Buffer.concat([decipher.update(hidden), decipher.final()])',
        by: 'decipher.update(hidden)',
      },
    ],
    seed: 1169,
    sees: /may not see/,
  },
  {
    name: 'a shared entry is compared with its place and with the question, and again where it is joined, in the proof and the pair',
    removed: [saysItsPlace, namesQuestion, ...comparedAgain],
    seed: 1213,
    sees: /A crossing to another subject|gets a grant for another|may not see/,
  },
  {
    name: 'a shared entry opens under the name that it was sealed for, where nothing else compares it',
    removed: [
      { file: seal, text: 'cipher.setAAD(place);', by: '' },
      { file: seal, text: 'decipher.setAAD(bytes.subarray(0, placeBytes));', by: '' },
      namesQuestion,
      ...comparedAgain,
    ],
    seed: 1009,
    sees: /A crossing to another subject|gets a grant for another|may not see/,
  },
  {
    name: 'the name of a shared entry is its question’s, and the entry is compared with that',
    removed: [
      { file: seal, text: 'joinFields([this.#sharedAs, subject, device])', by: 'joinFields([this.#sharedAs, device])' },
      namesQuestion,
      ...comparedAgain,
    ],
    seed: 35,
    sees: /A crossing to another subject|gets a grant for another|may not see/,
  },
  {
    name: 'the name of a shared entry is its source’s, and the entry says it once more',
    removed: [
      { file: seal, text: 'joinFields([this.#sharedAs, subject, device])', by: 'joinFields([subject, device])' },
      namesSource,
    ],
    seed: 70,
    sees: /may not see/,
  },
  {
    name: 'a shared entry has an end, whatever the store remembers',
    removed: [{ file: cache, text: ' && nowMs < expiresAtMs', by: '' }],
    seed: 324,
    sees: /may not see|no live pair names/,
  },
  {
    name: 'a shared entry is as old as the bounds of whoever reads it allow, and not of whoever wrote it',
    removed: [{ file: cache, text: 'Math.min(entry.expiresAtMs, askedAtMs + lifeMsMax)', by: 'entry.expiresAtMs' }],
    seed: 324,
    sees: /may not see|no live pair names/,
  },
  {
    name: 'a shared entry is of the source’s present revision',
    removed: [{ file: cache, text: ' && entry.revision === revision', by: '' }],
    seed: 21,
    sees: /may not see|no live pair names/,
  },
  {
    name: 'a shared entry is not of a time to come',
    removed: [
      { file: cache, text: ' || aheadMs > limits.sharedClockMsMax', by: '' },
      { file: cache, text: 'askedAtMs <= nowMs && ', by: '' },
    ],
    seed: 2013,
    sees: /may not see|no live pair names/,
  },
  {
    name: 'a shared cache that goes on giving what is not right is left out',
    removed: [{ file: cache, text: 'this.#distrust.alarm();', by: '' }],
    seed: 17,
    sees: /left out/,
  },
  {
    name: 'a shared cache that is left out is not asked',
    removed: [
      {
        file: cache,
        text: "this.#distrust.trusted ? await this.#look(question, revisionNow) : 'left-out'",
        by: 'await this.#look(question, revisionNow)',
      },
    ],
    seed: 17,
    sees: /left out/,
  },
];
