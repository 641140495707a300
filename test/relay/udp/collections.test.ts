import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { beforeAll, describe, expect, test } from 'vitest';

interface Seen {
  readonly datagrams: number;
  readonly collections: number;
  readonly faults: readonly object[];
  readonly kept: number;
  readonly arrayBuffersGrown: number;
  readonly rssGrown: number;
}

/** A port's memory is one block of more than four megabytes. */
const blockBytes = 4 * 1024 * 1024;

describe('a port, while memory is collected around it', () => {
  let seen: Seen;
  beforeAll(async () => {
    const child = join(import.meta.dirname, 'collections.ts');
    const options = ['--disable-warning=ExperimentalWarning', '--expose-gc', '--max-semi-space-size=1', child, '5'];
    const { stdout } = await promisify(execFile)(process.execPath, options);
    seen = JSON.parse(stdout);
  }, 180_000);

  test('keeps its own memory as long as it is in use', () => {
    expect(seen.datagrams).toBeGreaterThan(5_000);
    expect(seen.collections).toBeGreaterThan(1_000);
    expect(seen.faults).toEqual([{}, {}]);
  });

  test('gives its memory back when nobody holds it any more', () => {
    expect(seen.kept).toBeLessThan(5);
    expect(seen.arrayBuffersGrown).toBeLessThan(5 * blockBytes);
    expect(seen.rssGrown).toBeLessThan(20 * blockBytes);
  });
});
