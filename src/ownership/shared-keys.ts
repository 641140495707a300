import { LatchkeyError, limits, Redacted } from '../base/index.ts';

/**
 * Reads the secrets of a shared cache: in base64, `limits.sharedKeyBytesMin` bytes each at least, between them line ends, spaces or
 * commas. The first seals; entries under the others are still believed. Throws `settings-invalid` and never says what it read.
 */
export function readSharedKeys(text: Redacted<string>): Redacted<Buffer>[] {
  const words = text
    .reveal()
    .split(/[\s,]+/)
    .filter((word) => word !== '');
  if (words.length === 0 || words.length > limits.sharedKeysMax) {
    throw invalid(`there must be 1 to ${limits.sharedKeysMax} keys`);
  }
  const keys = words.map(keyOf);
  if (new Set(keys.map((key) => key.toString('hex'))).size < keys.length) throw invalid('two keys are the same');
  return keys.map((key) => new Redacted(key));
}

function keyOf(word: string): Buffer {
  const key = Buffer.from(word, 'base64');
  if (!/^[A-Za-z0-9+/_-]+={0,2}$/.test(word)) throw invalid('a key is not in base64');
  if (key.length < limits.sharedKeyBytesMin || key.length > limits.sharedKeyBytesMax) {
    throw invalid(`a key must have ${limits.sharedKeyBytesMin} to ${limits.sharedKeyBytesMax} bytes`);
  }
  return key;
}

function invalid(what: string): LatchkeyError {
  return new LatchkeyError('settings-invalid', `ownership.cache.shared.keys: ${what}`);
}
