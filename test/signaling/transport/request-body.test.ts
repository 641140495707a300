import { describe, expect, it } from 'vitest';
import { limits } from '../../../src/base/index.ts';
import { RequestBody } from '../../../src/signaling/transport/request-body.ts';
import { ManualClock } from '../../support/manual-clock.ts';

function bodyOf(length: number | 'chunked', bytesMax = 100) {
  const clock = new ManualClock();
  let starts = 0;
  const start = () => {
    starts++;
  };
  return { clock, body: new RequestBody({ clock, length, bytesMax, start }), started: () => starts };
}

describe('the body of a request', () => {
  it('without bytes is there at once', async () => {
    const { body, started } = bodyOf(0);
    expect(body.complete).toBe(true);
    expect(await body.read(10)).toEqual(Buffer.alloc(0));
    expect(started()).toBe(0);
  });

  it('may be read before it comes, and after', async () => {
    const before = bodyOf(3);
    const reading = before.body.read(10);
    expect(before.started()).toBe(1);
    before.body.push(Buffer.from('ab'));
    before.body.push(Buffer.from('c'));
    expect(before.body.complete).toBe(false);
    before.body.end();
    expect(before.body.complete).toBe(true);
    expect(String(await reading)).toBe('abc');
    const after = bodyOf('chunked');
    after.body.push(Buffer.from('abc'));
    after.body.end();
    expect(String(await after.body.read(10))).toBe('abc');
    expect(after.started()).toBe(0);
  });

  it('keeps its own copy of what was lent to it', async () => {
    const { body } = bodyOf('chunked');
    const lent = Buffer.from('abc');
    body.push(lent);
    lent.fill(0);
    body.end();
    expect(String(await body.read(10))).toBe('abc');
  });

  it('that came whole and is larger than the reader allows is not handed out', async () => {
    const { body } = bodyOf('chunked');
    body.push(Buffer.alloc(11));
    body.end();
    await expect(body.read(10)).rejects.toMatchObject({ code: 'message-too-large' });
  });

  it('that grows past the transport’s bound before anyone reads is refused to the reader', async () => {
    const { body } = bodyOf('chunked', 10);
    body.push(Buffer.alloc(11));
    body.end();
    await expect(body.read(1_000)).rejects.toMatchObject({ code: 'message-too-large' });
  });

  it('has its time from the head on, however late it is read', async () => {
    const { body, clock } = bodyOf(3);
    clock.advance(limits.requestBodyMsMax - 1);
    const reading = body.read(10);
    body.push(Buffer.from('ab'));
    clock.advance(1);
    await expect(reading).rejects.toMatchObject({ code: 'request-timeout' });
    body.push(Buffer.from('c'));
    body.end();
    expect(body.complete).toBe(true);
  });

  it('leaves no timer behind, however it ends', async () => {
    const ends = [
      (body: RequestBody) => body.end(),
      (body: RequestBody) => body.abort(),
      (body: RequestBody) => body.push(Buffer.alloc(11)),
    ];
    for (const end of ends) {
      const { body, clock } = bodyOf('chunked');
      const reading = body.read(10).catch(() => undefined);
      expect(clock.pending).toBe(1);
      end(body);
      await reading;
      expect(clock.pending).toBe(0);
    }
  });

  it('of a client that went away is an error, and one that had come before it went is not', async () => {
    const cut = bodyOf(3);
    cut.body.abort();
    await expect(cut.body.read(10)).rejects.toMatchObject({ code: 'peer-gone' });
    const whole = bodyOf(3);
    whole.body.push(Buffer.from('abc'));
    whole.body.end();
    whole.body.abort();
    expect(String(await whole.body.read(10))).toBe('abc');
  });
});
