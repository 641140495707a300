import { EventEmitter, once } from 'node:events';
import { type Clock, systemClock, systemRandom } from '../../../src/base/index.ts';
import { openRedisStore, type RedisSettings, type SharedStore } from '../../../src/ownership/index.ts';

/** A store on a real Redis, and what it tells. */
export function openedStore(settings: Partial<RedisSettings> & { port: number }, clock: Clock = systemClock) {
  const told: string[] = [];
  const events = new EventEmitter();
  const tell = (what: string) => {
    told.push(what);
    events.emit('told');
  };
  const store: SharedStore = openRedisStore(
    { host: '127.0.0.1', ...settings },
    { clock, random: systemRandom },
    { reached: (state, code) => tell(code === undefined ? state : `${state} ${code}`), foreign: () => tell('foreign') },
  );
  return {
    store,
    told,
    /** Resolves once this was told, as the last thing or before. */
    async until(what: string, times = 1): Promise<void> {
      while (told.filter((each) => each === what).length < times) await once(events, 'told');
    },
  };
}

export async function connectedStore(settings: Partial<RedisSettings> & { port: number }, clock?: Clock) {
  const opened = openedStore(settings, clock);
  await opened.until('connected');
  return opened;
}
