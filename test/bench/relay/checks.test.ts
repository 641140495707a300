import { describe, expect, it } from 'vitest';
import { checksOf, credentialsOf } from '../../../bench/relay/checks.ts';
import { at, EngineHarness } from '../../relay/support/engine-harness.ts';

describe('the checks that latch the bench’s sessions', () => {
  it('are believed by the engine, camera’s first, and reach the other side', () => {
    const harness = new EngineHarness();
    for (let index = 0; index < 2; index++) {
      harness.open(credentialsOf('viewer', index), credentialsOf('camera', index));
    }
    const file = checksOf(2);
    const checks: Buffer[] = [];
    for (let from = 0; from < file.length; from += 2 + file.readUInt16BE(from)) {
      checks.push(file.subarray(from + 2, from + 2 + file.readUInt16BE(from)));
    }
    expect(checks).toHaveLength(4);
    for (const [index, check] of checks.entries()) {
      expect(harness.receive(at(index + 1), check)).toBeUndefined();
    }
    expect(harness.sizes).toMatchObject({ wires: 2, latches: 4 });
    expect(harness.counters.latches).toEqual({ viewer: 2, camera: 2 });
    expect(harness.sent).toEqual([
      { to: at(4), bytes: checks[2] },
      { to: at(3), bytes: checks[3] },
    ]);
  });
});
