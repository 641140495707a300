import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { decodeJwt } from 'jose';
import type { Browser } from 'playwright-core';
import { limits } from '../src/base/index.ts';
import { ownTokenFile } from '../src/wiring/index.ts';
import { type PageViewer, pageViewer } from '../test/support/page-viewer.ts';
import { type RunningRelay, runningRelay } from '../test/support/running-relay.ts';
import type { Run } from './levers-report.ts';

export const yardstick = 'the viewer’s own leave';
const [garden, driveway, door] = ['maple-garden', 'harbour-driveway', 'maple-front-door'] as const;
/** The shortest that the settings allow. */
const longestViewSeconds = 10;
const tokenSeconds = 10;
const drainOverSeconds = 1;

interface Watcher {
  readonly subject: string;
  readonly token: string;
  readonly viewer: PageViewer;
}

/** Every lever once. */
export class Round {
  readonly #browser: Browser;
  readonly #round: number;
  #people = 0;

  constructor(browser: Browser, round: number) {
    this.#browser = browser;
    this.#round = round;
  }

  async all(): Promise<Run[]> {
    await using relay = await this.#relay(garden, driveway, door);
    const brief = await this.#watcher(relay, door, tokenSeconds);
    const timed = Promise.all([this.#expiry(brief), this.#timeLimit(await this.#watcher(relay, door))]);
    const runs = [
      await this.#leave(relay),
      await this.#lever(relay, 'revoke subject', (subject) => revoke(relay, { of: 'subject', subject })),
      await this.#lever(relay, 'revoke token', (_, token) =>
        revoke(relay, { of: 'token', tokenId: decodeJwt(token).jti }),
      ),
      await this.#switched(relay, 'live-view'),
      await this.#switched(relay, 'sharing'),
      await this.#lever(relay, 'transfer', async (subject) => transfer(relay, subject)),
      await this.#lever(relay, 'quarantine', () => revoke(relay, { of: 'device', device: driveway }), driveway),
    ];
    runs.push(await this.#drain());
    runs.push(...(await timed));
    runs.push(await this.#lever(relay, 'revoke all', () => revoke(relay, { of: 'all' })));
    return runs;
  }

  /** The first that the browser and this process show costs more than those after it. */
  async warmUp(): Promise<void> {
    await using relay = await this.#relay(garden);
    await this.#leave(relay);
  }

  /** A relay that is drained is of no use afterwards. Its views are told in their turn, and each a moment after its camera. */
  async #drain(): Promise<Run> {
    await using relay = await this.#relay(garden);
    const { viewer } = await this.#watcher(relay, garden);
    await using watcher = viewer;
    const turnMs = drainOverSeconds * 1000 + limits.drainCameraAheadMs;
    const fromMs = Date.now() + turnMs;
    await ask(relay, 'POST', '/v1/drain', {});
    return await this.#measured(watcher, 'drain, from its turn on', fromMs);
  }

  async #relay(...devices: readonly string[]): Promise<RunningRelay> {
    const relay = await runningRelay({
      environment: {
        LATCHKEY_IDENTITY_CLOCK_TOLERANCE_SECONDS: '0',
        LATCHKEY_SESSIONS_LIFETIME_SECONDS_MAX: String(longestViewSeconds),
        LATCHKEY_DRAIN_LEAD_SECONDS: '0',
        LATCHKEY_DRAIN_OVER_SECONDS: String(drainOverSeconds),
        LATCHKEY_DRAIN_SESSIONS_SECONDS_MAX: '0',
        LATCHKEY_ADMISSION_LAG_MS_MAX: '10000',
        LATCHKEY_TELEMETRY_LOG_LEVEL: 'silent',
      },
    });
    await Promise.all(devices.map((device) => relay.camera(device)));
    return relay;
  }

  /** Somebody new, who watches. */
  async #watcher(relay: RunningRelay, device: string, seconds?: number): Promise<Watcher> {
    const subject = `person-${++this.#people}`;
    await relay.grant(subject, device, 'viewer');
    const token = await relay.token('viewer', subject, seconds);
    return { subject, token, viewer: await pageViewer(this.#browser, relay.url, device, token) };
  }

  async #lever(
    relay: RunningRelay,
    lever: string,
    throwIt: (subject: string, token: string) => Promise<unknown>,
    device: string = garden,
  ): Promise<Run> {
    const { subject, token, viewer } = await this.#watcher(relay, device);
    await using watcher = viewer;
    const fromMs = Date.now();
    await throwIt(subject, token);
    return await this.#measured(watcher, lever, fromMs);
  }

  async #switched(relay: RunningRelay, feature: 'live-view' | 'sharing'): Promise<Run> {
    const turn = (position: string) =>
      ask(relay, 'PUT', `/v1/switches/${feature}`, { position, devices: [door], prefixes: [] });
    const run = await this.#lever(relay, `switch ${feature} off`, () => turn('off-for'), door);
    await ask(relay, 'PUT', `/v1/switches/${feature}`, { position: 'on' });
    return run;
  }

  async #leave(relay: RunningRelay): Promise<Run> {
    const { viewer } = await this.#watcher(relay, garden);
    await using watcher = viewer;
    const fromMs = Date.now();
    await watcher.page.locator('live-view').evaluate((view: HTMLElement & { stop?(): void }) => view.stop?.());
    return await this.#measured(watcher, yardstick, fromMs);
  }

  async #expiry({ token, viewer }: Watcher): Promise<Run> {
    await using watcher = viewer;
    return await this.#measured(watcher, 'the token’s end', (decodeJwt(token).exp ?? 0) * 1000);
  }

  async #timeLimit({ viewer }: Watcher): Promise<Run> {
    await using watcher = viewer;
    // The view begins a moment after the question.
    const { askedAtMs } = await watcher.seen();
    return await this.#measured(watcher, 'the longest view’s end', askedAtMs + longestViewSeconds * 1000);
  }

  /** The first thing that the page shows after it was live. */
  async #measured(viewer: PageViewer, lever: string, fromMs: number): Promise<Run> {
    const found = await viewer.page.waitForFunction(
      () => window.pictureSeen?.states.find(({ name }) => name !== 'live' && name !== 'connecting'),
      undefined,
      { polling: 20 },
    );
    const { atMs, paintedAtMs = atMs } = (await found.jsonValue()) ?? { atMs: Number.NaN };
    return {
      lever,
      round: this.#round,
      lastFrameMs: Math.max(0, paintedAtMs - fromMs),
      wordsMs: Math.max(0, atMs - fromMs),
    };
  }
}

async function ask(relay: RunningRelay, method: string, path: string, body: object): Promise<void> {
  const token = JSON.parse(readFileSync(ownTokenFile(relay.settings.dataDirectory), 'utf8'));
  const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' };
  const response = await fetch(`${relay.server.adminUrl}${path}`, { method, headers, body: JSON.stringify(body) });
  if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${await response.text()}`);
}

function revoke(relay: RunningRelay, body: object): Promise<void> {
  return ask(relay, 'POST', '/v1/revocations', body);
}

function transfer(relay: RunningRelay, subject: string): void {
  using database = new DatabaseSync(join(relay.settings.dataDirectory, 'ownership.sqlite'));
  database.prepare('UPDATE ownership_grant SET subject = ? WHERE subject = ?').run('somebody-else', subject);
}
