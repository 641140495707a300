import { expect, test } from 'vitest';
import { pathWords } from '../../../src/relay/wire/path.ts';
import { at, EngineHarness, rtp } from '../support/engine-harness.ts';

const places = [at(1), at(2), at(9)];

/** The places side by side, each so many words behind the one before. */
function inRow(step: number): Uint32Array {
  const words = new Uint32Array(7 + places.length * step);
  for (const [index, path] of places.entries()) words.set(path, 7 + index * step);
  return words;
}

test.each([pathWords, pathWords + 1, 64])('what is read ahead of a batch changes nothing, %i words apart', (step) => {
  const harness = new EngineHarness();
  const wire = harness.open();
  const words = inRow(step);
  const look = () => harness.engine.foresee(words, 7, step, places.length);
  const all = () => ({
    figures: harness.ledger.stats(0),
    counters: harness.counters,
    sizes: harness.sizes,
    alive: harness.ledger.isAlive(0),
  });
  for (const act of [
    () => {},
    () => wire.sendCheck('camera', at(2)),
    () => wire.sendCheck('viewer', at(1)),
    () => harness.receive(at(2), rtp(1)),
    () => harness.ledger.kill(0),
    () => harness.end(wire.handle),
  ]) {
    act();
    const before = all();
    look();
    expect(all()).toEqual(before);
    expect(words).toEqual(inRow(step));
  }
});

test('a datagram goes where it would have gone, and nowhere for having been foreseen', () => {
  const harness = new EngineHarness();
  const wire = harness.open();
  harness.engine.foresee(inRow(64), 7, 64, places.length);
  expect(harness.receive(at(2), rtp(1))).toBe('unlatched');
  wire.sendCheck('camera', at(2));
  wire.sendCheck('viewer', at(1));
  harness.engine.foresee(inRow(64), 7, 64, places.length);
  harness.receive(at(2), rtp(2));
  expect(harness.sent).toEqual([{ to: at(1), bytes: rtp(2) }]);
});
