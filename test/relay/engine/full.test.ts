import { expect, test, vi } from 'vitest';
import { credentials, EngineHarness } from '../support/engine-harness.ts';

// The bound itself is 50,000: a few wires show as well what happens there.
vi.mock('../../../src/base/index.ts', async (original) => {
  const real = await original<typeof import('../../../src/base/index.ts')>();
  return { ...real, limits: { ...real.limits, wiresPerWorkerMax: 3 } };
});

test('an engine takes as many wires as a worker can have, and another one only in the place of one that ended', () => {
  const harness = new EngineHarness();
  const open = (n: number) => harness.open(credentials(`vie${n}`), credentials(`cam${n}`));
  const wires = [1, 2, 3].map(open);

  expect(() => open(7)).toThrow(expect.objectContaining({ code: 'overloaded', detail: 'wires' }));
  expect(harness.sizes).toMatchObject({ wires: 3, usernames: 6 });
  for (const wire of wires.slice(1)) harness.end(wire.handle);
  expect(open(7).handle.ended).toBe(false);
});
