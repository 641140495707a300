import type { Guard, Removal } from './guard.ts';

const ownership = 'src/ownership/ownership.ts';
const cache = 'src/ownership/sealed-cache.ts';
const proof = 'src/ownership/proof.ts';
const pair = 'src/pairing/verified-pair.ts';
const sessions = 'src/pairing/sessions.ts';
const liveSession = 'src/pairing/live-session.ts';
const tickets = 'src/identity/tickets.ts';
const reproof = 'src/pairing/reproof.ts';
const door = 'src/relay/door.ts';
const leg = 'src/relay/engine/leg.ts';
const proofNamesQuestion: Removal = {
  file: proof,
  text: 'if (answer.subject !== question.subject || answer.device !== question.device) return undefined;',
  by: '',
};
const pairNamesBoth: Removal = {
  file: pair,
  text: 'if (proof.subject !== viewer.subject || proof.device !== device)',
  by: 'if (false)',
};
const joinedAnswer: Removal = {
  file: ownership,
  text: 'if (answers(found.answer, question)) return found;',
  by: 'return found;',
};
const sessionExpiry: Removal = { file: liveSession, text: 'if (this.inForce()) this.#arm();', by: '' };
const proofIsCurrent: Removal = {
  file: reproof,
  text: 'const { proof } = VerifiedPair.proofsOf(session.pair);\n    if (!this.#ownership.isCurrent(proof)) this.#want(session, this.#ownership.ownChangeMs(proof));',
  by: '',
};
/** Wherever an answer came from, it is compared with the question once more where it is joined, in the proof and in the pair. */
export const comparedAgain: readonly Removal[] = [joinedAnswer, proofNamesQuestion, pairNamesBoth];
const answerCompared = [
  { file: ownership, text: 'if (!answers(answer, question)) {', by: 'if (false) {' },
  ...comparedAgain,
];

/** Guards of proof: of ownership, pairing and tickets. */
export const guardsOfProof: readonly Guard[] = [
  {
    name: 'the answer of a source is compared with the question, when it comes, where it is joined, in the proof and in the pair',
    removed: answerCompared,
    seed: 35,
    sees: /may not see/,
  },
  {
    name: 'a question is joined by the same question alone, and the answer is compared again',
    removed: [
      {
        file: 'src/ownership/questions.ts',
        text: 'joinFields([question.subject, question.device])',
        by: 'question.device',
      },
      ...comparedAgain,
    ],
    seed: 1228,
    sees: /gets a grant for another/,
  },
  {
    name: 'a question that has been answered is not joined any more',
    removed: [
      {
        file: 'src/ownership/questions.ts',
        text: 'if (this.#flights.get(name) === flight) this.#flights.delete(name);',
        by: '',
      },
    ],
    seed: 1,
    sees: /may not see/,
  },
  {
    name: 'a question to a source has an end',
    removed: [
      {
        file: 'src/ownership/questions.ts',
        text: 'await within(this.#clock, limits.ownershipAnswerMsMax, work)',
        by: 'await within(this.#clock, 20 * limits.ownershipAnswerMsMax, work)',
      },
    ],
    seed: 41,
    sees: /no answer to/,
  },
  {
    name: 'a refusal is no proof',
    removed: [{ file: proof, text: "if (role !== 'owner' && role !== 'viewer') return undefined;", by: '' }],
    seed: 1,
    sees: /may not see/,
  },
  {
    name: 'a list of devices is the subject’s own: in the list, in each proof and in each pair',
    removed: [
      { file: ownership, text: 'bounded.filter((answer) => answer.subject === subject)', by: 'bounded' },
      proofNamesQuestion,
      pairNamesBoth,
      {
        file: 'src/signaling/http/devices.ts',
        text: 'pairs.some((pair) => pair.subject !== viewer.subject)',
        by: 'false',
      },
    ],
    seed: 13,
    sees: /is told of/,
  },
  {
    name: 'the MAC of an entry in the cache',
    removed: [
      {
        file: cache,
        text: 'if (said.length !== right.length || !timingSafeEqual(said, right)) return undefined;',
        by: '',
      },
    ],
    seed: 13,
    sees: /may not see/,
  },
  {
    name: 'an entry of the cache is compared with the question, and again in the proof and the pair',
    removed: [
      {
        file: cache,
        text: 'if (subject === question.subject && device === question.device) return remembered;',
        by: 'return remembered;',
      },
      proofNamesQuestion,
      pairNamesBoth,
    ],
    seed: 109,
    sees: /A crossing to another subject/,
  },
  {
    name: 'an entry of the cache has an end',
    removed: [{ file: cache, text: 'restMs > 0 && restMs <= ageMsMax &&', by: '' }],
    seed: 1,
    sees: /may not see/,
  },
  {
    name: 'an entry of the cache is of the source’s present revision',
    removed: [{ file: cache, text: '&& remembered.revision === revision', by: '' }],
    seed: 14,
    sees: /may not see/,
  },
  {
    name: 'a pair ends with the share',
    removed: [{ file: pair, text: 'proof.notAfterMs ?? Number.POSITIVE_INFINITY', by: 'Number.POSITIVE_INFINITY' }],
    seed: 10,
    sees: /no live pair names/,
  },
  {
    name: 'a pair ends with the token',
    removed: [
      {
        file: pair,
        text: 'Math.min(viewer.evidence.expiresAtMs, proof.notAfterMs ?? Number.POSITIVE_INFINITY)',
        by: 'Math.min(viewer.evidence.expiresAtMs + 3_600_000, proof.notAfterMs ?? Number.POSITIVE_INFINITY)',
      },
    ],
    seed: 1,
    sees: /no live pair names/,
  },
  {
    name: 'a session ends with its pair, and its wire by itself',
    removed: [
      sessionExpiry,
      { file: leg, text: 'return Math.min(this.expiresAtMs, silentAtMs);', by: 'return silentAtMs;' },
    ],
    seed: 1,
    sees: /no live pair names/,
  },
  {
    name: 'a session, a grant and a wire are made for a real pair, and a session is reached by one, and by nothing else',
    removed: [
      {
        file: sessions,
        text: "if (!VerifiedPair.is(pair)) throw new TypeError('A session opens for a VerifiedPair and for nothing else.');",
        by: '',
      },
      {
        file: sessions,
        text: "if (!VerifiedPair.is(pair)) {\n        throw new TypeError('A session is reached with a VerifiedPair and with nothing else.');\n      }",
        by: '',
      },
      {
        file: 'test/sim/sim-pairing.ts',
        text: "if (!isVerifiedPair(pair)) throw new TypeError('A grant is signed for a VerifiedPair and for nothing else.');",
        by: '',
      },
      {
        file: door,
        text: "if (!isVerifiedPair(pair)) throw new TypeError('A wire opens for a VerifiedPair and for nothing else.');",
        by: '',
      },
      proofIsCurrent,
    ],
    seed: 6,
    sees: /may not see/,
  },
  {
    name: 'a session is reached by a pair of its own subject',
    removed: [
      {
        file: sessions,
        text: 'return demand(id, (held) => samePair(held, pair));',
        by: 'return demand(id, () => true);',
      },
    ],
    seed: 63,
    sees: /somebody else’s session/,
  },
  {
    name: 'a live view whose grant changes is proven again',
    removed: [{ file: reproof, text: 'ownership.changes((change) => this.#changed(change))', by: '() => {}' }],
    seed: 26,
    sees: /no live pair names/,
  },
  {
    name: 'a live view that rests on an answer from before a change is proven again',
    removed: [proofIsCurrent],
    seed: 679,
    sees: /no live pair names/,
  },
  {
    name: 'a live view whose grant has changed ends where nobody can say',
    removed: [
      {
        file: reproof,
        text: 'if (knownMs === undefined || !isOver(nowMs, knownMs, limits.reproofMsMax)) continue;',
        by: 'continue;',
      },
    ],
    seed: 688,
    sees: /no live pair names/,
  },
  {
    name: 'the MAC of a ticket',
    removed: [
      {
        file: tickets,
        text: "if (!timingSafeEqual(key.sealOf(bytes), all.subarray(all.length - macBytes))) return 'mac';",
        by: '',
      },
    ],
    seed: 11,
    sees: /is registered as/,
  },
  {
    name: 'a ticket ends',
    removed: [
      { file: tickets, text: "return this.#endOf(body) > nowMs ? undefined : 'expired';", by: 'return undefined;' },
    ],
    seed: 2,
    sees: /ticket that is over/,
  },
];
