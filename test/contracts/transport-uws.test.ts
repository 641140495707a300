import { spawn } from 'node:child_process';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { beforeAll, describe, expect, it } from 'vitest';
import { loadUws } from '../../src/signaling/transport/uws-module.ts';
import { openUwsTransport } from '../../src/signaling/transport/uws-transport.ts';
import { underTrixieLibc } from '../support/trixie-libc.ts';
import { transportClaims } from './transport.ts';

const loaded = await loadUws();
/** The library's own time for a request's head is about half a minute. */
const slowMsMax = 60_000;

describe('the transport on uWebSockets.js', () => {
  if ('module' in loaded) {
    const { module } = loaded;
    for (const { name, slow, claim } of transportClaims) {
      const test = slow ? it.concurrent : it;
      const run = () => claim((handlers, settings, parts) => openUwsTransport(module, handlers, settings, parts));
      test(name, run, slow ? slowMsMax : undefined);
    }
    return;
  }

  const warned = Promise.withResolvers<string[]>();
  const outcomes = new Map(
    transportClaims.map(({ name }) => [name, Promise.withResolvers<{ error?: string }>()] as const),
  );

  beforeAll(async () => {
    const [loader, ...parameters] = await underTrixieLibc();
    const node = join(dirname(createRequire(import.meta.url).resolve('node/package.json')), 'bin/node');
    const script = join(import.meta.dirname, 'transport-child.ts');
    const child = spawn(loader, [...parameters, node, script], { stdio: ['ignore', 'pipe', 'pipe'] });
    let noise = '';
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      noise = (noise + text).slice(-2_000);
    });
    const warnings: string[] = [];
    createInterface(child.stderr).on('line', (line) => {
      if (line.includes('uWS')) warnings.push(line);
    });
    child.once('close', () => warned.resolve(warnings));
    createInterface(child.stdout).on('line', (line) => {
      const outcome = JSON.parse(line) as { name: string; error?: string };
      outcomes.get(outcome.name)?.resolve(outcome);
    });
    child.once('error', (error) => end(`the process did not start: ${error.message}`));
    child.once('close', (code, signal) => end(`the process ended before this claim: ${signal ?? code}\n${noise}`));
    return () => void child.kill();
  });

  function end(error: string): void {
    for (const outcome of outcomes.values()) outcome.resolve({ error });
  }

  for (const { name, slow } of transportClaims) {
    const claim = async () => {
      const { error } = (await outcomes.get(name)?.promise) ?? { error: 'the process knows no such claim' };
      if (error !== undefined) throw new Error(error);
    };
    it(name, claim, slow ? slowMsMax : undefined);
  }

  it(
    'the library warned of nothing',
    async () => {
      expect(await warned.promise).toEqual([]);
    },
    slowMsMax,
  );
});
