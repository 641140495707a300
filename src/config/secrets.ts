import { randomBytes } from 'node:crypto';
import { closeSync, linkSync, mkdirSync, openSync, readFileSync, renameSync, unlinkSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { handToOwner, LatchkeyError, limits, Redacted } from '../base/index.ts';

/**
 * Reads a secret that this relay keeps for itself (JSON, mode 0600), and makes it the first time.
 * Two processes that start at once agree on one: the file appears whole or not at all, and never twice.
 * Throws `settings-invalid` when the file can neither be read nor made.
 */
export async function keptSecret<T>(file: string, make: () => Promise<T>): Promise<T> {
  const kept = readSecret<T>(file);
  if (kept !== undefined) return kept;
  const unfinished = `${file}.${randomBytes(6).toString('hex')}`;
  try {
    mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
    writeSecret(unfinished, await make());
    try {
      linkSync(unfinished, file);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    } finally {
      unlinkSync(unfinished);
    }
  } catch (error) {
    throw new LatchkeyError('settings-invalid', `${file} cannot be made: ${(error as Error).message}`, {
      cause: error,
    });
  }
  const agreed = readSecret<T>(file);
  if (agreed === undefined) throw new LatchkeyError('settings-invalid', `${file} went away as it was made`);
  return agreed;
}

/** Where an operator keeps a secret that is not the relay’s own. */
export type SecretPlace = { readonly file: string } | { readonly environment: string };

/**
 * A secret from its file or its environment variable, without the space around it. Throws `settings-invalid` when it cannot be
 * read, is empty, or is a file of more than `limits.secretFileBytesMax` bytes; it names the place, never what it read.
 */
export function secretText(place: SecretPlace, environment: NodeJS.ProcessEnv = process.env): Redacted<string> {
  if ('file' in place) return new Redacted(givenText(place.file));
  const secret = environment[place.environment]?.trim() ?? '';
  if (secret === '') throw new LatchkeyError('settings-invalid', `the variable ${place.environment} holds no secret`);
  return new Redacted(secret);
}

/**
 * The same where the place is a file, or a variable of a given name. Undefined where neither is there.
 */
export function givenSecret(
  file: string | null,
  variable: string,
  environment: NodeJS.ProcessEnv,
): Redacted<string> | undefined {
  const hasVariable = (environment[variable]?.trim() ?? '') !== '';
  if (file === null && !hasVariable) return undefined;
  return secretText(file === null ? { environment: variable } : { file }, environment);
}

/** What a file of the operator's holds, `bytesMax` bytes at most, without the space around it. Throws as `secretText` does. */
export function givenText(file: string, bytesMax: number = limits.secretFileBytesMax): string {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    throw new LatchkeyError('settings-invalid', `${file} cannot be read: ${(error as Error).message}`, {
      cause: error,
    });
  }
  if (Buffer.byteLength(text) > bytesMax) {
    throw new LatchkeyError('settings-invalid', `${file} has more than ${bytesMax} bytes`);
  }
  if (text.trim() === '') throw new LatchkeyError('settings-invalid', `${file} holds nothing`);
  return text.trim();
}

/** Puts another secret in the place of a kept one, whole or not at all. Throws `settings-invalid` when it cannot. */
export function replaceSecret(file: string, secret: unknown): void {
  const unfinished = `${file}.${randomBytes(6).toString('hex')}`;
  try {
    writeSecret(unfinished, secret);
    renameSync(unfinished, file);
  } catch (error) {
    throw new LatchkeyError('settings-invalid', `${file} cannot be replaced: ${(error as Error).message}`, {
      cause: error,
    });
  }
}

function writeSecret(unfinished: string, secret: unknown): void {
  const descriptor = openSync(unfinished, 'wx', 0o600);
  try {
    handToOwner(descriptor, dirname(unfinished));
    writeFileSync(descriptor, JSON.stringify(secret));
  } finally {
    closeSync(descriptor);
  }
}

function readSecret<T>(file: string): T | undefined {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw new LatchkeyError('settings-invalid', `${file} cannot be read: ${(error as Error).message}`, {
      cause: error,
    });
  }
  try {
    return JSON.parse(text) as T;
  } catch {
    throw new LatchkeyError('settings-invalid', `${file} is damaged; move it away to have a new one made`);
  }
}
