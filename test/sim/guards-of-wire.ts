import type { Guard } from './guard.ts';

const engine = 'src/relay/engine/engine.ts';
const leg = 'src/relay/engine/leg.ts';
const worker = 'src/relay/media/media-worker.ts';

/** Guards of the sealed wire: which address is whose, and how long anything goes there. */
export const guardsOfWire: readonly Guard[] = [
  {
    name: 'a check proves the password of the side that it names',
    removed: [
      { file: engine, text: 'candidates.find(({ key }) => verifyIntegrity(bytes, message, key))', by: 'candidates[0]' },
    ],
    seed: 2,
    sees: /never was/,
  },
  {
    name: 'an address belongs to one side of one wire',
    removed: [{ file: engine, text: '      known.leg.release(known);\n', by: '' }],
    seed: 63,
    sees: /goes to an address of/,
  },
  {
    name: 'an answer goes to no address that its asker has lost',
    removed: [{ file: engine, text: "if (asker.leg !== leg.other) return 'asker-gone';", by: '' }],
    seed: 70,
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
    seed: 2570,
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
    seed: 63,
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
    seed: 268,
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
    seed: 4,
    sees: /latches/,
  },
  {
    name: 'addresses lead to no wire that has ended, and its number to no other',
    removed: [{ file: engine, text: '        this.#leave(latch, out);\n        leg.release(latch);', by: '' }],
    seed: 4,
    sees: /latches/,
  },
  {
    name: 'user names are forgotten with their wire',
    removed: [{ file: engine, text: '      this.#usernames.forget(leg);\n', by: '' }],
    seed: 4,
    sees: /usernames/,
  },
  {
    name: 'the end of a wire is in the ledger and in a message',
    removed: [
      { file: worker, text: "    this.#ledger.kill(wire);\n    this.#link?.post({ kind: 'end', wire });", by: '' },
    ],
    seed: 2,
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
    seed: 2,
    sees: /after its end/,
  },
];
