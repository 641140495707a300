import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { vi } from 'vitest';
import { freePort } from './free-port.ts';

/** A series of an answer, and its value at that moment. */
export interface Sample {
  readonly metric: Readonly<Record<string, string>>;
  readonly value: number;
}

export interface Rule {
  readonly name: string;
  readonly query: string;
  readonly type: 'alerting' | 'recording';
  readonly health: string;
  readonly lastError?: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
}

/** A Prometheus of a test’s own, on loopback, in a folder that goes with it. */
export interface RunningPrometheus {
  /** The answer to an instant query. Rejects with what Prometheus says of a query that is none. */
  query(expression: string): Promise<Sample[]>;
  rules(): Promise<Rule[]>;
  /** Resolves once it has scraped the target so many times more, from now on. Rejects when a scrape fails. */
  scraped(times: number): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
}

export interface PrometheusOptions {
  /** The port of loopback that it scrapes. */
  readonly target: number;
  readonly ruleFiles?: readonly string[];
  readonly scrapeMs?: number;
}

export async function runningPrometheus({
  target,
  ruleFiles = [],
  scrapeMs = 500,
}: PrometheusOptions): Promise<RunningPrometheus> {
  const folder = mkdtempSync(join(tmpdir(), 'latchkey-prometheus-'));
  const file = join(folder, 'prometheus.yml');
  const config = {
    global: { scrape_interval: `${scrapeMs}ms`, evaluation_interval: '1s' },
    rule_files: ruleFiles.map((each) => resolve(each)),
    scrape_configs: [{ job_name: 'latchkey', static_configs: [{ targets: [`127.0.0.1:${target}`] }] }],
  };
  // What is JSON is YAML too.
  writeFileSync(file, JSON.stringify(config));
  const port = await freePort();
  const child = await started([
    `--config.file=${file}`,
    `--storage.tsdb.path=${join(folder, 'data')}`,
    `--web.listen-address=127.0.0.1:${port}`,
  ]);
  const ask = async <Data>(path: string): Promise<Data> => {
    const response = await fetch(`http://127.0.0.1:${port}/api/v1/${path}`);
    const answer = (await response.json()) as { status: string; data: Data; error?: string };
    if (answer.status !== 'success') throw new Error(answer.error);
    return answer.data;
  };
  const query = async (expression: string): Promise<Sample[]> => {
    const { result } = await ask<{ result: { metric: Sample['metric']; value: [number, string] }[] }>(
      `query?query=${encodeURIComponent(expression)}`,
    );
    return result.map(({ metric, value }) => ({ metric, value: Number(value[1]) }));
  };
  const lastScrape = async (): Promise<string> => {
    const { activeTargets } = await ask<{ activeTargets: { lastScrape: string; lastError: string }[] }>('targets');
    const [only] = activeTargets;
    if (only === undefined) return '';
    if (only.lastError !== '') throw new Error(only.lastError);
    return only.lastScrape;
  };
  return {
    query,
    async rules() {
      const { groups } = await ask<{ groups: { rules: Rule[] }[] }>('rules');
      return groups.flatMap(({ rules }) => rules);
    },
    async scraped(times) {
      let before = await lastScrape();
      let left = times;
      await vi.waitUntil(
        async () => {
          const last = await lastScrape();
          if (last !== before) left--;
          before = last;
          return left <= 0;
        },
        { timeout: 60_000, interval: scrapeMs / 4 },
      );
    },
    async [Symbol.asyncDispose]() {
      const gone = new Promise((resolve) => child.once('exit', resolve));
      if (child.exitCode === null && child.signalCode === null) {
        child.kill('SIGKILL');
        await gone;
      }
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** What `promtool` says, and whether it is content. `input` goes to its standard input. */
export function promtool(parameters: readonly string[], input = ''): Promise<{ code: number | null; said: string }> {
  const child = spawn('promtool', [...parameters], { stdio: ['pipe', 'pipe', 'pipe'] });
  let said = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      said += text;
    });
  }
  child.stdin.end(input);
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code) => resolve({ code, said }));
  });
}

function started(parameters: readonly string[]): Promise<ChildProcess> {
  const child = spawn('prometheus', [...parameters], { stdio: ['ignore', 'ignore', 'pipe'] });
  const said: string[] = [];
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', () => reject(new Error(`prometheus did not start:\n${said.join('\n')}`)));
    createInterface({ input: child.stderr }).on('line', (line) => {
      said.push(line);
      if (line.includes('Server is ready to receive web requests')) resolve(child);
    });
  });
}
