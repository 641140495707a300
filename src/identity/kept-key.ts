import { link, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { JWK } from 'jose';
import { LatchkeyError } from '../base/index.ts';

/**
 * Reads a private key (a JSON Web Key, mode 0600), and makes it the first time. It is written aside and then linked to its
 * name: it appears whole or not at all, and of two processes that start at once both use the one that came first.
 * Throws `settings-invalid` when it can neither be read nor made.
 */
export async function keptKey(file: string, make: () => Promise<JWK>): Promise<JWK> {
  return (await readKey(file)) ?? (await made(file, make));
}

async function made(file: string, make: () => Promise<JWK>): Promise<JWK> {
  const key = await make();
  try {
    await mkdir(dirname(file), { recursive: true, mode: 0o700 });
    const aside = await mkdtemp(`${file}.`);
    try {
      const whole = join(aside, 'key');
      await writeFile(whole, JSON.stringify(key), { mode: 0o600 });
      await link(whole, file);
      return key;
    } finally {
      await rm(aside, { recursive: true });
    }
  } catch (error) {
    const earlier = codeOf(error) === 'EEXIST' ? await readKey(file) : undefined;
    if (earlier !== undefined) return earlier;
    throw new LatchkeyError('settings-invalid', `${file} cannot be made: ${(error as Error).message}`);
  }
}

async function readKey(file: string): Promise<JWK | undefined> {
  let text: string;
  try {
    text = await readFile(file, 'utf8');
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return undefined;
    throw new LatchkeyError('settings-invalid', `${file} cannot be read: ${(error as Error).message}`);
  }
  const key = parsed(text);
  if (key !== undefined) return key;
  throw new LatchkeyError('settings-invalid', `${file} is damaged; move it away to have a new key made`);
}

function parsed(text: string): JWK | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null && 'kty' in value ? (value as JWK) : undefined;
  } catch {
    return undefined;
  }
}

function codeOf(error: unknown): string | undefined {
  return (error as NodeJS.ErrnoException).code;
}
