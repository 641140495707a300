import { type Duplex, duplexPair } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { limits } from '../../src/base/index.ts';
import { RedisConnection } from '../../src/ownership/redis-connection.ts';
import { ManualClock } from '../support/manual-clock.ts';

const turn = () => new Promise<void>((resolve) => setImmediate(() => resolve()));

/** A connection, and the other end of it in a test’s hand. */
function connected() {
  const [near, far] = duplexPair();
  const clock = new ManualClock();
  const ends: string[] = [];
  const connection = new RedisConnection(near, clock, (why, code) =>
    ends.push(code === undefined ? why : `${why} ${code}`),
  );
  const heard: string[] = [];
  far.on('data', (chunk: Buffer) => heard.push(chunk.toString()));
  return { connection, clock, ends, heard, far, near };
}

async function say(far: Duplex, text: string): Promise<void> {
  far.write(text);
  await turn();
  await turn();
}

describe('a connection to Redis', () => {
  it('gives each question the reply in its turn', async () => {
    const { connection, far } = connected();
    const replies = Promise.all([connection.ask(['GET', 'a']), connection.ask(['GET', 'b'])]);
    await say(far, '$1\r\n1\r\n$-1\r\n');
    expect(await replies).toEqual([
      { type: 'bulk', text: '1' },
      { type: 'bulk', text: undefined },
    ]);
    expect(connection.waiting).toBe(0);
  });

  it('sends what is asked in one turn in one piece', async () => {
    const { connection, heard, far } = connected();
    const both = Promise.all([connection.ask(['GET', 'a']), connection.ask(['GET', 'b'])]);
    await turn();
    expect(heard.join('')).toBe('*2\r\n$3\r\nGET\r\n$1\r\na\r\n*2\r\n$3\r\nGET\r\n$1\r\nb\r\n');
    await say(far, '+a\r\n+b\r\n');
    await both;
  });

  it('ends at the first reply that is late, and takes nothing that comes after', async () => {
    const { connection, clock, ends, far } = connected();
    const first = connection.ask(['GET', 'a']);
    const second = connection.ask(['GET', 'b']);
    const both = Promise.allSettled([first, second]);
    clock.advance(limits.sharedAnswerMsMax - 1);
    await turn();
    expect(ends).toEqual([]);
    clock.advance(1);
    await turn();
    await say(far, '$1\r\n1\r\n$1\r\n2\r\n');
    expect((await both).map(({ status }) => status)).toEqual(['rejected', 'rejected']);
    expect(ends).toEqual(['late']);
    expect(clock.pending).toBe(0);
    await expect(connection.ask(['GET', 'c'])).rejects.toThrow(/ended/);
  });

  it('waits no longer for a reply when the clock is set back', async () => {
    const { connection, clock, ends } = connected();
    const asked = Promise.allSettled([connection.ask(['GET', 'a'])]);
    clock.setBack(3_600_000);
    clock.advance(limits.sharedAnswerMsMax);
    await turn();
    expect(ends).toEqual(['late']);
    await asked;
  });

  it('waits for each reply from its own question on', async () => {
    const { connection, clock, ends, far } = connected();
    const first = connection.ask(['GET', 'a']);
    clock.advance(limits.sharedAnswerMsMax - 1);
    const second = connection.ask(['GET', 'b']);
    await say(far, '+1\r\n');
    await first;
    clock.advance(limits.sharedAnswerMsMax - 1);
    await turn();
    expect(ends).toEqual([]);
    await say(far, '+2\r\n');
    await second;
    clock.advance(limits.sharedAnswerMsMax);
    await turn();
    expect(ends).toEqual([]);
  });

  it('calls nothing late that had arrived while this process was busy', async () => {
    const { connection, clock, ends, far } = connected();
    const reply = connection.ask(['GET', 'a']);
    await turn();
    clock.advance(limits.sharedAnswerMsMax);
    far.write('+1\r\n');
    expect(await reply).toEqual({ type: 'status', text: '1' });
    await turn();
    expect(ends).toEqual([]);
  });

  it.each<[string, string]>([
    ['a reply that nobody asked for', '+1\r\n+2\r\n'],
    ['a second nothing', '$-1\r\n$-1\r\n'],
    ['what is no reply', '+1\r\nHTTP/1.1 400 Bad Request\r\n'],
    ['a push of RESP3', '+1\r\n>1\r\n_\r\n'],
    ['a length without end', '+1\r\n$999999999\r\n'],
  ])('ends at %s', async (_, text) => {
    const { connection, ends, far } = connected();
    const reply = connection.ask(['GET', 'a']);
    await say(far, text);
    await reply;
    expect(ends).toEqual(['foreign']);
  });

  it('rejects what waits when it ends, for whichever reason', async () => {
    const lost = connected();
    const waiting = expect(lost.connection.ask(['GET', 'a'])).rejects.toThrow(/lost/);
    lost.near.destroy(Object.assign(new Error('reset'), { code: 'ECONNRESET' }));
    await waiting;
    expect(lost.ends).toEqual(['lost ECONNRESET']);

    const closed = connected();
    const other = expect(closed.connection.ask(['GET', 'a'])).rejects.toThrow(/closed/);
    closed.connection.end('closed');
    closed.connection.end('lost');
    await other;
    expect(closed.ends).toEqual(['closed']);
  });
});
