import fc from 'fast-check';
import { expect, test } from 'vitest';
import { limits } from '../../../src/base/index.ts';
import type { IceCredentials, Side } from '../../../src/relay/index.ts';
import { type Path, placeKey } from '../../../src/relay/wire/path.ts';
import { at, EngineHarness, emptySizes, rtp, type TestWire } from '../support/engine-harness.ts';

/** What the model believes of one wire, from the inputs alone. */
interface Believed {
  readonly generations: TestWire[];
  readonly expiresAtMs: number;
  readonly heardAtMs: Record<Side, number>;
  /** The generation that each side was last heard with, or began with. */
  readonly usedGeneration: Record<Side, number>;
  ended: boolean;
}

interface Owner {
  readonly wire: Believed;
  readonly side: Side;
}

interface Asked extends Owner {
  readonly check: Buffer;
  readonly generation: number;
  /** Where it came from first since it was forgotten, and when it last did. */
  from: Path;
  atMs: number;
}

const kinds = [
  'open',
  'check',
  'check',
  'check',
  'check',
  'forged',
  'replay',
  'answer',
  'answer',
  'wrong-answer',
  'data',
  'data',
  'data',
  'restart',
  'end',
  'wait',
  'late-timer',
] as const;

/** No more than a side can have, so that none has to leave for another. */
const addresses = Array.from({ length: limits.addressesPerSideMax }, (_, n) => at(10 + n));

const step = fc.record({
  kind: fc.constantFrom(...kinds),
  wire: fc.nat(4),
  side: fc.constantFrom<Side>('viewer', 'camera'),
  address: fc.nat(addresses.length - 1),
  which: fc.nat(20),
  flag: fc.boolean(),
});

test('a datagram goes only to an address that is latched by the other side of the same live wire', () => {
  fc.assert(
    fc.property(fc.array(step, { minLength: 20, maxLength: 120 }), (steps) => {
      const model = new Model();
      for (const tenSeconds of [5, 10, 20]) model.open(tenSeconds);
      for (const each of steps) model.run(each);
      model.finish();
    }),
    { numRuns: 400 },
  );
});

type Step = typeof step extends fc.Arbitrary<infer T> ? T : never;

/** Keeps its own books beside the engine, and compares after every step. */
class Model {
  readonly harness = new EngineHarness();
  readonly wires: Believed[] = [];
  readonly owners = new Map<string, Owner>();
  /** Who sent these bytes, by their hexadecimal text. Every datagram here is different. */
  readonly senders = new Map<string, Owner>();
  readonly asked: Asked[] = [];
  #serial = 0;

  run(each: Step): void {
    const from = addresses[each.address] ?? at(9);
    const wire = this.wires[each.wire];
    const before = this.harness.inputs;
    switch (each.kind) {
      case 'open':
        this.open(each.which);
        return;
      case 'wait':
        this.harness.wait(each.which * (each.flag ? 600 : 50));
        this.compare();
        return;
      case 'late-timer':
        this.harness.nowMs += each.which * 600;
        this.passTime();
        return;
      case 'data':
        this.data(from);
        break;
      case 'replay':
        this.replay(from, each.which);
        break;
      case 'answer':
      case 'wrong-answer':
        this.answer(from, each, each.kind === 'answer');
        break;
      case 'check':
      case 'forged':
        if (wire !== undefined) this.check({ wire, side: each.side }, from, each, each.kind === 'forged');
        break;
      case 'restart':
        if (wire !== undefined && !wire.ended) this.restart(wire);
        break;
      case 'end':
        if (wire !== undefined && !wire.ended && each.flag) this.end(wire);
        return;
    }
    if (this.harness.inputs > before) this.compare();
  }

  open(which: number): void {
    if (this.wires.length >= 5) return;
    const { harness } = this;
    const forMs = 10_000 + which * 10_000;
    const opened = harness.open(this.credentials('view'), this.credentials('camr'), forMs);
    this.wires.push({
      generations: [opened],
      expiresAtMs: harness.nowMs + forMs,
      heardAtMs: { viewer: harness.nowMs, camera: harness.nowMs },
      usedGeneration: { viewer: 0, camera: 0 },
      ended: false,
    });
  }

  restart(wire: Believed): void {
    const [first] = wire.generations;
    if (first === undefined) return;
    wire.generations.push(first.restart(this.credentials('view'), this.credentials('camr')));
    wire.heardAtMs.viewer = this.harness.nowMs;
    wire.heardAtMs.camera = this.harness.nowMs;
  }

  /** Checks of the newest generation or an older one, with the right password or another. */
  check(owner: Owner, from: Path, { which, flag: useCandidate }: Step, forged: boolean): void {
    const { wire, side } = owner;
    const generation = which % wire.generations.length;
    const agent = wire.generations[generation];
    if (agent === undefined) return;
    const check = agent.check(side, forged ? { password: 'wrong' } : { useCandidate });
    const dropped = this.harness.receive(from, check);
    this.passTime();
    const accepted = dropped === undefined || dropped.startsWith('held');
    const newest = generation === wire.generations.length - 1;
    const valid = !forged && !wire.ended && (newest || generation === wire.usedGeneration[side]);
    expect(accepted).toBe(valid);
    if (valid) {
      wire.usedGeneration[side] = generation;
      this.asked.push({ ...owner, check, generation, from, atMs: this.harness.nowMs });
      this.latched(owner, from, check);
    } else {
      expect(this.harness.sent).toEqual([]);
    }
  }

  /** The very bytes of a check that was sent before, from any address. */
  replay(from: Path, which: number): void {
    const asked = this.asked.at(-1 - which);
    if (asked === undefined) return;
    const { wire, side, generation } = asked;
    const isKnown = this.harness.nowMs - asked.atMs <= limits.transactionMsMax;
    const before = this.owners.get(placeKey(from));
    const dropped = this.harness.receive(from, asked.check);
    this.passTime();
    if (dropped === undefined || dropped.startsWith('held')) {
      // A copy of what is known changes nobody's address.
      if (isKnown) expect({ from, owner: before }).toEqual({ from: asked.from, owner: { wire, side } });
      asked.from = from;
      asked.atMs = this.harness.nowMs;
      expect(wire.ended).toBe(false);
      expect([wire.usedGeneration[side], wire.generations.length - 1]).toContain(generation);
      wire.usedGeneration[side] = generation;
      this.latched(asked, from, asked.check);
    }
  }

  /** From any address, or from one that is the answerer's. */
  answer(anywhere: Path, { which, flag }: Step, right: boolean): void {
    const asked = this.asked.at(-1 - which);
    if (asked === undefined) return;
    const answerer = asked.side === 'viewer' ? 'camera' : 'viewer';
    const own = addresses.find((path) => {
      const owner = this.owners.get(placeKey(path));
      return owner?.wire === asked.wire && owner.side === answerer;
    });
    const from = flag && own !== undefined ? own : anywhere;
    const agent = asked.wire.generations[asked.generation];
    if (agent === undefined) return;
    const bytes = agent.answer(answerer, asked.check, right ? {} : { password: 'wrong' });
    const dropped = this.harness.receive(from, bytes);
    this.passTime();
    const owner = this.owners.get(placeKey(from));
    if (dropped === undefined) {
      expect(right).toBe(true);
      expect(owner).toEqual({ wire: asked.wire, side: answerer });
      asked.wire.heardAtMs[answerer] = this.harness.nowMs;
      if (owner !== undefined) this.senders.set(bytes.toString('hex'), owner);
    }
  }

  data(from: Path): void {
    const bytes = rtp(this.#serial, 1, `packet ${this.#serial++}`);
    this.harness.receive(from, bytes);
    this.passTime();
    const owner = this.owners.get(placeKey(from));
    if (owner !== undefined) this.senders.set(bytes.toString('hex'), owner);
    const reachable = owner !== undefined && [...this.owners.values()].some((other) => opposite(owner, other));
    expect(this.harness.sent.length).toBe(reachable ? 1 : 0);
  }

  finish(): void {
    this.harness.wait(0);
    this.compare();
    for (const wire of this.wires) if (!wire.ended) this.end(wire);
    expect(this.harness.sizes).toEqual(emptySizes);
  }

  latched(owner: Owner, from: Path, check: Buffer): void {
    const { wire, side } = owner;
    wire.heardAtMs[side] = this.harness.nowMs;
    this.owners.set(placeKey(from), { wire, side });
    this.senders.set(check.toString('hex'), { wire, side });
  }

  end(wire: Believed): void {
    const [first] = wire.generations;
    if (first !== undefined) this.harness.end(first.handle);
    this.forget(wire);
  }

  forget(wire: Believed): void {
    wire.ended = true;
    for (const [key, owner] of this.owners) if (owner.wire === wire) this.owners.delete(key);
  }

  passTime(): void {
    const { nowMs } = this.harness;
    for (const wire of this.wires) {
      const silentAtMs = Math.min(wire.heardAtMs.viewer, wire.heardAtMs.camera) + limits.sideSilentMsMax;
      if (!wire.ended && nowMs >= Math.min(wire.expiresAtMs, silentAtMs)) this.forget(wire);
    }
  }

  compare(): void {
    this.passTime();
    for (const { to, bytes } of this.harness.sent) {
      const sender = this.senders.get(bytes.toString('hex'));
      const receiver = this.owners.get(placeKey(to));
      expect(sender).toBeDefined();
      expect(receiver).toBeDefined();
      expect(sender !== undefined && receiver !== undefined && opposite(sender, receiver)).toBe(true);
      expect(sender?.wire.ended).toBe(false);
    }
    for (const wire of this.wires) expect(wire.generations[0]?.handle.ended).toBe(wire.ended);
    expect(this.harness.sizes.latches).toBe(this.owners.size);
    this.harness.sent = [];
  }

  /** Ufrags collide nearly always, passwords never. */
  credentials(kind: 'view' | 'camr'): IceCredentials {
    return { ufrag: kind, password: `password-${String(this.#serial++).padStart(16, '0')}` };
  }
}

function opposite(a: Owner, b: Owner): boolean {
  return a.wire === b.wire && a.side !== b.side;
}
