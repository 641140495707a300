import { open } from 'node:fs/promises';
import { isIP } from 'node:net';
import { LatchkeyError, limits } from '../base/index.ts';
import type { KeySetText } from './refreshed-keys.ts';

/**
 * A key set behind an address. Redirects are refused, and only status 200 and `limits.keySetBytesMax` bytes are taken.
 * Throws `settings-invalid` for an address that is neither https nor http on this machine, or that carries a password.
 */
export function jwksUrlText(address: string, fetcher: typeof fetch): KeySetText {
  const url = URL.parse(address);
  if (url === null || !isSafe(url)) {
    throw new LatchkeyError('settings-invalid', 'jwksUrl: an https address without a password, or http on loopback');
  }
  return async (signal) => {
    const headers = { accept: 'application/jwk-set+json, application/json' };
    const response = await fetcher(url, { redirect: 'error', signal, headers });
    if (response.status !== 200) {
      await response.body?.cancel();
      throw new LatchkeyError('keys-unavailable', `status ${response.status}`);
    }
    return await boundedText(response.body ?? []);
  };
}

/** A key set in a file, which is read when its time, size or place on the disk has changed, or when it could not be read. */
export function jwksFileText(file: string): KeySetText {
  let last: string | undefined;
  return async () => {
    const before = last;
    last = undefined;
    await using handle = await open(file);
    const { mtimeNs, size, ino } = await handle.stat({ bigint: true });
    const mark = `${mtimeNs}/${size}/${ino}`;
    const text = mark === before ? undefined : await boundedText(handle.createReadStream({ autoClose: false }));
    last = mark;
    return text;
  };
}

async function boundedText(chunks: AsyncIterable<Uint8Array> | Iterable<Uint8Array>): Promise<string> {
  const taken: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of chunks) {
    bytes += chunk.byteLength;
    if (bytes > limits.keySetBytesMax) throw new LatchkeyError('keys-unavailable', 'key set: too large');
    taken.push(chunk);
  }
  return Buffer.concat(taken).toString('utf8');
}

function isSafe(url: URL): boolean {
  if (url.username !== '' || url.password !== '') return false;
  return url.protocol === 'https:' || (url.protocol === 'http:' && isLoopback(url.hostname));
}

function isLoopback(hostname: string): boolean {
  return hostname === 'localhost' || hostname === '[::1]' || (isIP(hostname) === 4 && hostname.startsWith('127.'));
}
