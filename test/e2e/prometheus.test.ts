import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { limits, Redacted, systemClock, systemRandom } from '../../src/base/index.ts';
import { runStorm, takeAim } from '../../src/storm/index.ts';
import { dashboard, metricsIn, queriesOf } from '../support/dashboard.ts';
import { keyOf, type Series, seriesIn, sumOfSeries } from '../support/exposition.ts';
import { manyViews } from '../support/many-views.ts';
import { ownAdmin } from '../support/own-admin.ts';
import { promtool, type RunningPrometheus, runningPrometheus } from '../support/prometheus-server.ts';
import { type RunningRelay, runningRelay } from '../support/running-relay.ts';
import { watching } from '../support/watching.ts';

/** Queries of the dashboard that yield nothing here: its relay serves without TLS, nothing is wrong with it, nobody drains it and no switch is thrown. */
const quietHere = ['Certificate ends in', 'Alerts that fire', 'annotations', 'Switches and drains'];

const people = ['alice', 'ben', 'carol', 'dora'];
const camerasEach = 12;
const devices = people.flatMap((person) => Array.from({ length: camerasEach }, (_, index) => `${person}-${index}`));
let relay: RunningRelay;
let prometheus: RunningPrometheus;
/** The text of `/metrics` before anybody came, while many were there, and when they had gone. */
let [quiet, during, after]: [string, string, string] = ['', '', ''];

beforeAll(async () => {
  // Nobody is sent away because the machine has other work too.
  relay = await runningRelay({ environment: { LATCHKEY_RELAY_WORKERS: '2' } });
  prometheus = await runningPrometheus({
    target: relay.server.operationsPort,
    ruleFiles: ['config/prometheus/recording.rules.yml', 'config/prometheus/alerts.rules.yml'],
  });
  await prometheus.scraped(1);
  quiet = await scrape();
  await relay.grant('eve', 'maple-garden');
  await relay.camera('maple-garden');
  {
    await using view = await watching(relay, 'eve', 'maple-garden');
    expect(await view.outcome).toBe('frame');
    await prometheus.scraped(2);
  }
  await using refused = await watching(relay, 'alice', 'maple-garden');
  expect(await refused.outcome).toBe('not-allowed');
  await comeAndGo();
  await sessionsAre(0);
  await ownAdmin(relay)('GET', '/v1/status');
  await prometheus.scraped(2);
  after = await scrape();
}, 120_000);

afterAll(async () => {
  await prometheus[Symbol.asyncDispose]();
  await relay[Symbol.asyncDispose]();
});

/** A fleet registers, is watched by its owners for a while, is cut off, and comes back while they ask. */
async function comeAndGo(): Promise<void> {
  for (const device of devices) await relay.grant(ownerOf(device), device);
  const token = async (kind: 'viewer' | 'camera', name: string) => new Redacted(await relay.token(kind, name));
  const aim = await takeAim({ relay: relay.url, targetIsMine: false });
  const cameras = await Promise.all(devices.map(async (device) => ({ device, token: await token('camera', device) })));
  const viewers = await Promise.all(
    people.map(async (subject) => ({
      subject,
      token: await token('viewer', subject),
      devices: devices.filter((device) => ownerOf(device) === subject),
    })),
  );
  {
    using views = await manyViews(aim, cameras);
    await views.open(viewers);
    await prometheus.scraped(2);
    during = await scrape();
  }
  const report = await runStorm(
    {
      relay: relay.url,
      aim,
      cameras,
      viewers,
      asksPerSecond: 60,
      connectsPerSecondMax: 1_000,
      holdMs: 1_000,
      steady: 0,
      msMax: 60_000,
      outage: 'cut',
      awayMs: 0,
      usesTickets: true,
      honoursRetryAfter: true,
    },
    { clock: systemClock, random: systemRandom },
    {},
    new AbortController().signal,
  );
  expect(report).toMatchObject({ outcome: 'complete', crossings: 0 });
}

function ownerOf(device: string): string {
  return device.slice(0, device.indexOf('-'));
}

async function sessionsAre(count: number): Promise<void> {
  await vi.waitUntil(async () => (await relay.metric('latchkey_sessions')) === count, { timeout: 60_000 });
}

async function scrape(): Promise<string> {
  return await (await fetch(`http://127.0.0.1:${relay.server.operationsPort}/metrics`)).text();
}

const own = (text: string): Series[] => seriesIn(text).filter(({ name }) => name.startsWith('latchkey_'));

describe('a Prometheus that scrapes a busy relay', () => {
  it('finds nothing to say against its metrics', async () => {
    expect(await promtool(['check', 'metrics'], after)).toEqual({ code: 0, said: '' });
  });

  it('has the same series before anybody came, while many are there, and when they have gone', () => {
    expect(sumOfSeries(during, 'latchkey_sessions')).toBe(devices.length);
    expect(sumOfSeries(after, 'latchkey_sessions_ended_total')).toBeGreaterThan(50);
    expect(own(during).map(keyOf)).toEqual(own(quiet).map(keyOf));
    expect(own(after).map(keyOf)).toEqual(own(quiet).map(keyOf));
  });

  it('keeps no more series than that, and these are bounded', async () => {
    const [kept] = await prometheus.query('count({__name__=~"latchkey_.+", job="latchkey"})');
    expect(kept?.value).toBe(own(after).length);
    const ofOneWorker = own(after).filter(({ labels }) => labels.worker === '0').length;
    expect(own(after).length + (limits.workersMax - 2) * ofOneWorker).toBeLessThan(5_000);
  });

  it('learns no name of a device, a person or a session from a label', async () => {
    const all = await prometheus.query('{__name__=~".+", job="latchkey"}');
    const wordsOf = ({ __name__, instance, ...labels }: Readonly<Record<string, string>>) => Object.values(labels);
    const words = all.flatMap(({ metric }) => wordsOf(metric));
    for (const name of [...people, ...devices, 'maple-garden', 'eve']) expect(words).not.toContain(name);
    for (const word of own(after).flatMap(({ labels }) => wordsOf(labels)))
      expect(word).not.toMatch(/\d{1,3}(?:\.\d{1,3}){3}|[0-9a-f]{16}|\w{22}/);
  });

  it('counts what came and went', async () => {
    const [opened] = await prometheus.query('sum(latchkey_sessions_opened_total)');
    expect(opened?.value).toBe(sumOfSeries(after, 'latchkey_sessions_opened_total'));
    const [ended] = await prometheus.query('sum(latchkey_sessions_ended_total)');
    expect(ended?.value).toBe(opened?.value);
    for (const name of [
      'latchkey_answer_seconds_count',
      'latchkey_first_media_seconds_count',
      'latchkey_verification_seconds_count',
      'latchkey_ownership_answer_seconds_count',
      'latchkey_relay_forwarded_bytes_total',
      'latchkey_relay_busy_seconds_total',
      'latchkey_refusals_total',
      'process_open_fds',
    ]) {
      const [sample] = await prometheus.query(`sum(${name})`);
      expect([name, sample?.value]).toEqual([name, expect.any(Number)]);
      expect([name, (sample?.value ?? 0) > 0]).toEqual([name, true]);
    }
  });
});

describe('the rules, in a Prometheus that scrapes a busy relay', () => {
  it('are evaluated without a fault', async () => {
    await expect
      .poll(async () => (await prometheus.rules()).every(({ health }) => health === 'ok'), { timeout: 30_000 })
      .toBe(true);
  });

  it('record a series each', async () => {
    for (const { name, type } of await prometheus.rules()) {
      if (type === 'recording') expect([name, (await prometheus.query(name)).length > 0]).toEqual([name, true]);
    }
  });

  it('say of each alert how bad it is, whose, and what to do', async () => {
    for (const { type, name, labels, annotations } of await prometheus.rules()) {
      if (type === 'recording') continue;
      expect([name, labels?.severity]).toEqual([name, expect.stringMatching(/^(?:critical|warning|info)$/)]);
      expect(annotations?.summary).toMatch(/^.{10,140}$/);
      expect(annotations?.description).toMatch(/^[^\n]{40,}\.$/);
    }
  });

  it('set nothing off at a relay with which nothing is wrong', async () => {
    expect(await prometheus.query('ALERTS{alertstate="firing"}')).toEqual([]);
  });

  it('name no metric that does not exist', async () => {
    const recorded = (await prometheus.rules()).map(({ name }) => name);
    const known = new Set([...namesIn(after), ...recorded]);
    for (const { name, query } of await prometheus.rules()) expectKnown(name, query, known);
  });
});

describe('the dashboard, in a Prometheus that scrapes a busy relay', () => {
  const queries = queriesOf(dashboard(), '15s');

  it('names no metric that does not exist', async () => {
    const known = new Set([...namesIn(after), ...(await prometheus.rules()).map(({ name }) => name)]);
    for (const { of, query } of queries) expectKnown(of, query, known);
  });

  it.each(queries.map(({ of, query }) => [of, query]))('asks in “%s” what can be answered: %s', async (of, query) => {
    const answer = await prometheus.query(query);
    if (!quietHere.includes(of)) expect(answer.length).toBeGreaterThan(0);
  });

  it('shows every metric of the catalogue, or an alert or a recorded series looks at it', async () => {
    const asked = [...queries, ...(await prometheus.rules())].flatMap(({ query }) => metricsIn(query)).map(base);
    const missing = [...namesIn(after)].filter((name) => name.startsWith('latchkey_') && !asked.includes(base(name)));
    expect(missing).toEqual([]);
  });
});

function namesIn(text: string): Set<string> {
  return new Set(seriesIn(text).map(({ name }) => name));
}

function expectKnown(of: string, query: string, known: ReadonlySet<string>): void {
  const strange = metricsIn(query).filter(
    (name) => !known.has(name) && name !== 'latchkey_certificate_end_timestamp_seconds',
  );
  expect([of, strange]).toEqual([of, []]);
}

function base(name: string): string {
  return name.replace(/_(?:bucket|sum|count)$/, '');
}
