import { Redis } from 'ioredis';
import { truthOf } from './fleet.ts';

/**
 * What a team would write: a well-known client library, a key for each question, and the answer under it. It is right as long as each
 * reply goes to its own question.
 */
export function plainCache(port: number) {
  // The road knows single replies alone, and these are lists: what the library says of itself, and asks of the server.
  const simple = { protocol: 2, enableReadyCheck: false, disableClientInfo: true } as const;
  const redis = new Redis({ port, host: '127.0.0.1', commandTimeout: 500, ...simple });
  redis.on('error', () => {});
  return {
    async mayWatch(subject: string, device: string): Promise<boolean> {
      const key = `may:${subject}:${device}`;
      try {
        const kept = await redis.get(key);
        if (kept !== null) return kept === 'yes';
      } catch {
        // As if it were not there.
      }
      const answer = truthOf(subject, device) !== undefined;
      redis.set(key, answer ? 'yes' : 'no', 'PX', 5_000).catch(() => {});
      return answer;
    },
    close: () => redis.disconnect(),
  };
}
