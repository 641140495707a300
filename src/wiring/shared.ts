import { type Clock, limits, type RandomSource } from '../base/index.ts';
import { givenText, type Settings, secretText } from '../config/index.ts';
import {
  createSharedCache,
  type OwnershipSource,
  openRedisStore,
  type RedisSettings,
  readSharedKeys,
  type SharedCache,
  type SharedCacheObserver,
} from '../ownership/index.ts';

/**
 * The cache that relays share, where the settings have one. It connects by itself, and nothing waits for that. Throws
 * `settings-invalid` for secrets or files that cannot be had, and for a source whose answers are not to be shared.
 */
export function openSharedCache(
  { ownership: { cache } }: Settings,
  source: OwnershipSource,
  powers: { readonly clock: Clock; readonly random: RandomSource },
  observer: SharedCacheObserver,
): SharedCache | undefined {
  if (cache.shared === null) return undefined;
  const redis = redisSettings(cache.shared);
  const keys = readSharedKeys(secretText(cache.shared.keys));
  const openStore = (told: Parameters<typeof openRedisStore>[2]) => openRedisStore(redis, powers, told);
  return createSharedCache(cache, { source, keys, openStore, ...powers }, observer);
}

type Shared = NonNullable<Settings['ownership']['cache']['shared']>;

function redisSettings({ url, password, caFile }: Shared): RedisSettings {
  const { protocol, hostname, port, username } = new URL(url);
  return {
    host: hostname.replace(/^\[|\]$/g, ''),
    port: port === '' ? 6379 : Number(port),
    ...(protocol === 'rediss:' && {
      tls: caFile === undefined ? {} : { ca: givenText(caFile, limits.certificatesBytesMax) },
    }),
    ...(username !== '' && { username: decodeURIComponent(username) }),
    ...(password !== undefined && { password: secretText(password) }),
  };
}
