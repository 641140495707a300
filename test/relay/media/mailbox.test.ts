import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Mailbox } from '../../../src/relay/media/mailbox.ts';

/** The reader's end of a mailbox, in the memory of the sender's. */
function pair(): { sender: Mailbox; reader: Mailbox } {
  const sender = new Mailbox();
  return { sender, reader: new Mailbox(sender.memory) };
}

describe('a mailbox', () => {
  test('has its reader woken while it waits, and not otherwise', () => {
    const { sender, reader } = pair();
    expect(sender.announce()).toBe(false);
    expect(reader.hasMailBeforeWaiting()).toBe(true);
    expect(sender.announce()).toBe(true);
    reader.awake();
    expect(sender.announce()).toBe(false);
  });

  test('shows mail once', () => {
    const { sender, reader } = pair();
    sender.announce();
    sender.announce();
    expect(reader.hasMailBeforeWaiting()).toBe(true);
    expect(reader.hasMailBeforeWaiting()).toBe(false);
  });

  test('lets no message lie: each is either seen at the next look, or wakes who has looked last', () => {
    fc.assert(
      fc.property(fc.array(fc.constantFrom('send', 'look', 'awake'), { maxLength: 50 }), (steps) => {
        const { sender, reader } = pair();
        let [waits, unseen] = [false, 0];
        for (const step of steps) {
          if (step === 'send') {
            unseen++;
            expect(sender.announce()).toBe(waits);
          } else if (step === 'look') {
            expect(reader.hasMailBeforeWaiting()).toBe(unseen > 0);
            [waits, unseen] = [true, 0];
          } else {
            reader.awake();
            waits = false;
          }
        }
      }),
    );
  });

  test('counts on when its number has gone round', () => {
    const { sender, reader } = pair();
    new Int32Array(sender.memory).set([2 ** 31 - 1], 0);
    expect(reader.hasMailBeforeWaiting()).toBe(true);
    sender.announce();
    expect(reader.hasMailBeforeWaiting()).toBe(true);
    expect(reader.hasMailBeforeWaiting()).toBe(false);
  });
});
