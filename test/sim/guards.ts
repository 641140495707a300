/** A text of the code, and what stands in its place when the guard that it is has been taken out. */
export interface Removal {
  readonly file: string;
  readonly text: string;
  readonly by: string;
}

/** A guard of the code that a world must miss. */
export interface Guard {
  readonly name: string;
  /** More than one where the others would hold: each class of faults is stopped by two walls. */
  readonly removed: readonly Removal[];
  /** A part that is broken in both worlds, the one with the guard and the one without; descriptions may go to the wrong camera then. */
  readonly broken?: readonly Removal[];
  /** A seed whose world goes wrong without it, and is right with it. */
  readonly seed: number;
  /** What is seen then. */
  readonly sees: RegExp;
}

const ownership = 'src/ownership/ownership.ts';
const cache = 'src/ownership/sealed-cache.ts';
const proof = 'src/ownership/proof.ts';
const pair = 'src/pairing/verified-pair.ts';
const sessions = 'src/pairing/sessions.ts';
const liveSession = 'src/pairing/live-session.ts';
const liveView = 'src/signaling/live-view.ts';
const viewerRole = 'src/signaling/onvif/viewer-role.ts';
const cameraRole = 'src/signaling/onvif/camera-role.ts';
const endpoint = 'src/signaling/onvif/endpoint.ts';
const rpcPeer = 'src/signaling/rpc-peer.ts';
const registrations = 'src/signaling/registrations.ts';
const crossing = 'src/signaling/crossing.ts';
const whep = 'src/signaling/http/whep.ts';
const tickets = 'src/identity/tickets.ts';
const reproof = 'src/pairing/reproof.ts';
const away = 'src/signaling/away.ts';
const door = 'src/relay/door.ts';
const engine = 'src/relay/engine/engine.ts';
const leg = 'src/relay/engine/leg.ts';
const worker = 'src/relay/media/media-worker.ts';

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
const proofIsCurrent = '!this.#ownership.isCurrent(VerifiedPair.proofsOf(session.pair).proof)';
const answerCompared = [
  { file: ownership, text: 'if (!answers(answer, question)) {', by: 'if (false) {' },
  joinedAnswer,
  proofNamesQuestion,
  pairNamesBoth,
];

/**
 * The guards that keep the invariant, each with a world that goes wrong without it. To add one: name the text, run
 * `npm run sim -- --guards` for a seed, and write that down here. Of `src/identity` tickets alone have lines, since a world verifies no
 * signatures.
 */
export const guards: readonly Guard[] = [
  {
    name: 'the answer of a source is compared with the question, when it comes, where it is joined, in the proof and in the pair',
    removed: answerCompared,
    seed: 73,
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
      joinedAnswer,
      proofNamesQuestion,
      pairNamesBoth,
    ],
    seed: 117,
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
    seed: 73,
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
    seed: 70,
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
    seed: 21,
    sees: /may not see/,
  },
  {
    name: 'a pair ends with the share',
    removed: [{ file: pair, text: 'proof.notAfterMs ?? Number.POSITIVE_INFINITY', by: 'Number.POSITIVE_INFINITY' }],
    seed: 4,
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
      { file: reproof, text: proofIsCurrent, by: 'false' },
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
    seed: 84,
    sees: /somebody else’s session/,
  },
  {
    name: 'what is to cross belongs to a session that names both ends, where the table of registrations gives the wrong camera',
    broken: [
      {
        file: registrations,
        text: 'return this.#live.get(device);',
        by: 'return [...this.#live.values()].at(-1) ?? this.#live.get(device);',
      },
    ],
    removed: [
      {
        file: crossing,
        text: "if (pair.subject !== viewer.subject) throw new TypeError('A crossing to another subject.');",
        by: '',
      },
      {
        file: crossing,
        text: "if (pair.device !== camera.device) throw new TypeError('A crossing from another device.');",
        by: '',
      },
      {
        file: crossing,
        text: 'if (sessions.ofViewer(session.id, pair) !== session || sessions.ofCamera(session.id, camera) !== session)',
        by: 'if (false)',
      },
    ],
    seed: 2,
    sees: /gets what cam:\w+ wrote/,
  },
  {
    name: 'a connection belongs to the first subject that it proved',
    removed: [
      {
        file: endpoint,
        text: "if (this.#holder !== undefined && !isSameHolder(this.#holder, fresh)) throw new LatchkeyError('token-conflict');",
        by: '',
      },
    ],
    seed: 93,
    sees: /may not see/,
  },
  {
    name: 'a connection ends with its token',
    removed: [{ file: endpoint, text: 'this.#awaitExpiry(holder.evidence.expiresAtMs);', by: '' }],
    seed: 39,
    sees: /token is over/,
  },
  {
    name: 'a connection says in time who it is',
    removed: [{ file: endpoint, text: "this.#peer.end(new LatchkeyError('register-timeout')),", by: 'undefined,' }],
    seed: 21,
    sees: /who it is/,
  },
  {
    name: 'a newer registration takes over from an older one',
    removed: [
      {
        file: registrations,
        text: 'if (older !== undefined && older !== registration) older.replaced(registration);',
        by: '',
      },
    ],
    seed: 4,
    sees: /two connections stand for/,
  },
  {
    name: 'a camera that is gone is registered no more',
    removed: [{ file: cameraRole, text: 'this.#core.registrations.remove(this);', by: '' }],
    seed: 1,
    sees: /registrations/,
  },
  {
    name: 'live views end with their camera’s registration',
    removed: [
      { file: cameraRole, text: 'for (const view of [...this.views.values()]) view.session.end(tellViewers);', by: '' },
    ],
    seed: 13,
    sees: /after its end/,
  },
  {
    name: 'live views end with their viewer’s connection',
    removed: [{ file: endpoint, text: "else this.#role?.end('viewer-left');", by: '' }],
    seed: 1,
    sees: /after its end/,
  },
  {
    name: 'a wire ends with its session',
    removed: [{ file: liveView, text: '    this.#wire?.end();\n', by: '' }],
    seed: 1,
    sees: /after its end/,
  },
  {
    name: 'a wire that comes when its session is over ends',
    removed: [{ file: liveView, text: 'if (!this.live) return wire.end();', by: 'if (!this.live) return;' }],
    seed: 58,
    sees: /more wires than sessions/,
  },
  {
    name: 'a call is answered once',
    removed: [{ file: rpcPeer, text: 'this.#calls.delete(id);\n    call.timer.cancel();', by: '' }],
    seed: 2,
    sees: /A session has one wire/,
  },
  {
    name: 'a call that nobody answers has an end',
    removed: [{ file: rpcPeer, text: "this.#settle(id, { kind: 'timeout' })", by: 'undefined' }],
    seed: 41,
    sees: /no answer to/,
  },
  {
    name: 'more time is asked for as the live view was',
    removed: [{ file: viewerRole, text: 'view.extend(await this.#pairAgain(view, viewer));', by: 'void viewer;' }],
    seed: 1,
    sees: /is granted to/,
  },
  {
    name: 'an ICE restart is asked for as the live view was',
    removed: [
      {
        file: viewerRole,
        text: 'await this.#pairAgain(this.#view(session), this.viewer)',
        by: 'this.#view(session).session.pair',
      },
    ],
    seed: 29,
    sees: /is granted to/,
  },
  {
    name: 'whoever may not see a camera any more and asks for more time loses the view',
    removed: [
      {
        file: viewerRole,
        text: "if (thrown instanceof LatchkeyError && thrown.code === 'not-allowed') view.session.end('revoked');",
        by: '',
      },
    ],
    seed: 1,
    sees: /after its end/,
  },
  {
    name: 'an ICE restart has the same certificate',
    removed: [
      { file: liveView, text: 'if (offer.fingerprints.join() !== viewer.fingerprints.join())', by: 'if (false)' },
    ],
    seed: 163,
    sees: /certificate changes/,
  },
  {
    name: 'each request of WHEP is authorized',
    removed: [{ file: whep, text: 'this.#core.sessions.ofViewer(id, pair);', by: 'void pair;' }],
    seed: 84,
    sees: /somebody else’s session/,
  },
  {
    name: 'a check proves the password of the side that it names',
    removed: [
      { file: engine, text: 'candidates.find(({ key }) => verifyIntegrity(bytes, message, key))', by: 'candidates[0]' },
    ],
    seed: 9,
    sees: /never was/,
  },
  {
    name: 'an address belongs to one side of one wire',
    removed: [{ file: engine, text: '      known.leg.release(known);\n', by: '' }],
    seed: 9,
    sees: /goes to an address of/,
  },
  {
    name: 'an answer goes to no address that its asker has lost',
    removed: [{ file: engine, text: "if (asker.leg !== leg.other) return 'asker-gone';", by: '' }],
    seed: 51,
    sees: /goes to an address of/,
  },
  {
    name: 'a check that comes again from elsewhere proves nothing',
    removed: [
      {
        file: engine,
        text: 'open.asker.leg === leg && sameRemote(words, pathAt, open.asker.path)',
        by: 'true',
      },
    ],
    seed: 11,
    sees: /never was/,
  },
  {
    name: 'a check that comes again takes its address from nobody who has it by then',
    removed: [{ file: engine, text: 'open.asker.leg === leg && ', by: '' }],
    seed: 395,
    sees: /goes to an address of/,
  },
  {
    name: 'data goes to the other side',
    removed: [
      {
        file: leg,
        text: 'this.#sides.aim(this.other.number, this.current?.path);',
        by: 'this.#sides.aim(this.number, this.current?.path);',
      },
    ],
    seed: 1,
    sees: /never was/,
  },
  {
    name: 'data goes no more to an address that its side has lost',
    removed: [
      {
        file: leg,
        text: 'if (this.#chosen === latch) this.#chosen = undefined;\n    this.#aim();',
        by: 'if (this.#chosen === latch) this.#chosen = undefined;',
      },
    ],
    seed: 107,
    sees: /goes to an address of/,
  },
  {
    name: 'a wire of which one side is silent ends',
    removed: [
      {
        file: leg,
        text: 'return Math.min(this.expiresAtMs, silentAtMs);',
        by: 'return Math.min(this.expiresAtMs, silentAtMs + 3_600_000);',
      },
    ],
    seed: 630,
    sees: /long gone/,
  },
  {
    name: 'addresses are forgotten with their wire',
    removed: [
      {
        file: engine,
        text: '        this.#leave(latch, out);\n        leg.release(latch);',
        by: '        leg.release(latch);',
      },
    ],
    seed: 1,
    sees: /latches/,
  },
  {
    name: 'addresses lead to no wire that has ended, and its number to no other',
    removed: [{ file: engine, text: '        this.#leave(latch, out);\n        leg.release(latch);', by: '' }],
    seed: 1,
    sees: /latches/,
  },
  {
    name: 'user names are forgotten with their wire',
    removed: [{ file: engine, text: '      this.#usernames.forget(leg);\n', by: '' }],
    seed: 1,
    sees: /usernames/,
  },
  {
    name: 'the end of a wire is in the ledger and in a message',
    removed: [
      { file: worker, text: "    this.#ledger.kill(wire);\n    this.#link?.post({ kind: 'end', wire });", by: '' },
    ],
    seed: 1,
    sees: /after its end/,
  },
  {
    name: 'a wire whose word in the ledger says so carries nothing, before its message has come',
    removed: [
      {
        file: worker,
        text: "    this.#link?.post({ kind: 'end', wire });",
        by: "    this.#clock.after(2_000, () => this.#link?.post({ kind: 'end', wire }));",
      },
      { file: engine, text: 'return this.#settings.ledger.isAlive(wire.number);', by: 'return true;' },
      {
        file: 'src/relay/engine/data-road.ts',
        text: "if (!this.#ledger.isAlive(side >> 1)) return 'ended';",
        by: '',
      },
    ],
    seed: 1,
    sees: /after its end/,
  },
  {
    name: 'the MAC of a ticket',
    removed: [
      {
        file: tickets,
        text: "if (!timingSafeEqual(macOf(bytes, key.key), all.subarray(all.length - macBytes))) return 'mac';",
        by: '',
      },
    ],
    seed: 2,
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
  {
    name: 'a ticket ends with a revocation',
    removed: [
      {
        file: tickets,
        text: "if (body.epochMs !== epochMs || body.tokenIssuedAtMs < epochMs) return 'revoked';",
        by: '',
      },
    ],
    seed: 10,
    sees: /taken back/,
  },
  {
    name: 'live views wait for their camera, and not for ever',
    removed: [
      { file: away, text: "for (const view of [...this.views.values()]) view.session.end('camera-left');", by: '' },
    ],
    seed: 830,
    sees: /has not come back/,
  },
  {
    name: 'of its live views a camera that says so goes on with none but those that it has',
    removed: [
      { file: cameraRole, text: "if (!sessions.includes(id)) view.session.end('camera-restarted');", by: 'void view;' },
    ],
    seed: 11,
    sees: /does not have it/,
  },
  {
    name: 'a camera whose connection is lost is registered no more',
    removed: [{ file: cameraRole, text: 'this.#core.registrations.lose(this);', by: '' }],
    seed: 1,
    sees: /registrations/,
  },
  {
    name: 'a live view whose grant changes is proven again',
    removed: [{ file: reproof, text: 'ownership.changes((change) => this.#changed(change))', by: '() => {}' }],
    seed: 26,
    sees: /no live pair names/,
  },
  {
    name: 'a live view that rests on an answer from before a change is proven again',
    removed: [{ file: reproof, text: proofIsCurrent, by: 'false' }],
    seed: 3651,
    sees: /no live pair names/,
  },
  {
    name: 'a live view whose grant has changed ends where nobody can say',
    removed: [{ file: reproof, text: 'if (knownMs === undefined || knownMs > latestMs) continue;', by: 'continue;' }],
    seed: 688,
    sees: /no live pair names/,
  },
  {
    name: 'a turn that is over is somebody else’s',
    removed: [
      {
        file: 'src/signaling/admission/admission.ts',
        text: '    } finally {\n      this.#end(turn);\n    }',
        by: '    }',
      },
    ],
    seed: 1,
    sees: /turns|no answer/,
  },
];
