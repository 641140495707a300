import { describe, expect, it } from 'vitest';
import { rescued, whenThere } from '../../src/base/index.ts';

describe('something that is there at once, or later', () => {
  it('goes on at once where it is there', () => {
    const steps: string[] = [];
    expect(
      whenThere('here', (value) => {
        steps.push(value);
        return 1;
      }),
    ).toBe(1);
    expect(steps).toEqual(['here']);
  });

  it('goes on later where it is not', async () => {
    const later = Promise.withResolvers<string>();
    const steps: string[] = [];
    const done = whenThere(later.promise, (value) => void steps.push(value));
    expect(done).toBeInstanceOf(Promise);
    expect(steps).toEqual([]);
    later.resolve('there');
    await done;
    expect(steps).toEqual(['there']);
  });

  it('has what is thrown, at once or later, seen by whoever rescues it', async () => {
    const failed = (thrown: unknown) => `rescued: ${String(thrown)}`;
    const thrower = () => {
      throw 'now';
    };
    expect(rescued(thrower, failed)).toBe('rescued: now');
    expect(await rescued(() => Promise.reject('later'), failed)).toBe('rescued: later');
    expect(await rescued(() => whenThere(Promise.resolve(), thrower), failed)).toBe('rescued: now');
  });

  it('leaves what does not fail as it is', async () => {
    const never = () => expect.unreachable();
    expect(rescued(() => 1, never)).toBe(1);
    expect(await rescued(() => Promise.resolve(2), never)).toBe(2);
  });
});
