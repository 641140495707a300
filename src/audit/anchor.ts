import { readdirSync, readFileSync, rmSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { placeFile } from '../base/index.ts';
import type { SignedHead } from './heads.ts';
import { answers } from './runs.ts';

/**
 * The head of the chain once more, in a file beside the database: a database that was put back to an earlier state does not reach it any
 * more.
 */
export type Anchor = SignedHead;

/** What lies there: undefined where nothing does, `damaged` where it cannot be read. */
export function readAnchor(file: string): Anchor | 'damaged' | undefined {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ENOENT' ? undefined : 'damaged';
  }
  const [, seq, hash, atMs, signature] = /^(\d{1,15}) ([0-9a-f]{64}) (\d{1,15}) ([0-9a-f]{128})\n$/.exec(text) ?? [];
  if (seq === undefined || hash === undefined || signature === undefined) return 'damaged';
  return {
    seq: Number(seq),
    hash: Buffer.from(hash, 'hex'),
    atMs: Number(atMs),
    signature: Buffer.from(signature, 'hex'),
  };
}

/** Puts a later head in its place, whole or not at all, and on the disk. Throws what the file system does. */
export function writeAnchor(file: string, { seq, hash, atMs, signature }: Anchor): void {
  const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex');
  placeFile(file, `${seq} ${hex(hash)} ${atMs} ${hex(signature)}\n`);
}

/** Clears away what processes left unfinished that were killed. Throws what the file system does. */
export function clearUnfinished(file: string): void {
  const begins = `${basename(file)}.`;
  for (const name of readdirSync(dirname(file))) {
    const pid = Number(name.slice(begins.length));
    if (name.startsWith(begins) && Number.isInteger(pid) && !answers(pid)) rmSync(join(dirname(file), name));
  }
}
