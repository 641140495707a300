/**
 * The load, in a process of its own: `load.ts TOKENS COLLECTED`. Each line on its standard input is a `LoadOrder`, and is answered by a
 * line with a `LoadAnswer`.
 */
import { existsSync, readFileSync, rmSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { type Clock, systemClock, systemRandom } from '../../src/base/index.ts';
import { firstOf, readTokens, runStorm, type StormPhase, type StormReport, takeAim } from '../../src/storm/index.ts';
import { cpuOf, forgetPeak, memoryOf, overflowsOf } from './process-figures.ts';
import { steady, stormMsMax } from './results.ts';

export interface LoadOrder {
  readonly url: string;
  /** The server's process. */
  readonly pid: number;
  readonly cameras: number;
  /** How many of the household's cameras come before them. */
  readonly after: number;
  /** Whether the server collects its garbage before and after they gather, so that its memory tells what they take. */
  readonly weighs: boolean;
  /** Live views that are asked for in a second; 0 for none. */
  readonly asksPerSecond: number;
  readonly holdMs: number;
  /** How long the fleet stays away. */
  readonly awayMs: number;
  readonly tickets: boolean;
}

/** What the server took while the fleet came back, and before that for its lost connections. */
export interface LoadAnswer {
  readonly report: StormReport;
  readonly cpuNs: number;
  readonly lossCpuNs: number;
  readonly peakBytes: number;
  /** Connections that the kernel refused, because the server had not taken the ones before: whoever is hit tries again a second later. */
  readonly overflows: number;
}

const clock: Clock = { ...systemClock, now: () => performance.timeOrigin + performance.now() };
const collectMsMax = 30_000;
const [tokensFile = '', collectedFile = ''] = process.argv.slice(2);
const all = readTokens(readFileSync(tokensFile, 'utf8'));

for await (const line of createInterface(process.stdin)) {
  process.stdout.write(`${JSON.stringify(await storm(JSON.parse(line)))}\n`);
}

async function storm(order: LoadOrder): Promise<LoadAnswer> {
  const { url, pid, cameras: count, after, weighs, asksPerSecond, holdMs, awayMs, tickets } = order;
  const those = { ...all, cameras: all.cameras.slice(after) };
  const people = asksPerSecond === 0 ? 0 : all.viewers.length;
  const borders = new Map<StormPhase, { cpuNs: number; overflows: number }>();
  const report = await runStorm(
    {
      relay: url,
      aim: await takeAim({ relay: url, targetIsMine: false }),
      ...firstOf(those, count + steady, people),
      steady,
      asksPerSecond: Math.max(1, asksPerSecond),
      connectsPerSecondMax: 50_000,
      holdMs,
      msMax: stormMsMax,
      outage: 'cut',
      awayMs,
      usesTickets: tickets,
      honoursRetryAfter: true,
    },
    { clock, random: systemRandom, memory: weighs ? () => settledBytes(pid) : undefined },
    {
      phase(phase) {
        if (phase === 'coming back') forgetPeak(pid);
        borders.set(phase, { cpuNs: cpuOf(pid), overflows: overflowsOf() });
      },
    },
    new AbortController().signal,
  );
  const [cut, from, to] = [borders.get('cut off'), borders.get('coming back'), borders.get('leaving')];
  if (cut === undefined || from === undefined || to === undefined)
    throw new Error(`${url}: the fleet never gathered: ${report.outcome}`);
  return {
    report,
    cpuNs: to.cpuNs - from.cpuNs,
    lossCpuNs: from.cpuNs - cut.cpuNs,
    peakBytes: memoryOf(pid).peakBytes,
    overflows: to.overflows - from.overflows,
  };
}

/** The server's memory once it has collected its garbage. */
async function settledBytes(pid: number): Promise<number> {
  rmSync(collectedFile, { force: true });
  process.kill(pid, 'SIGUSR2');
  const untilMs = clock.now() + collectMsMax;
  while (!existsSync(collectedFile)) {
    if (clock.now() > untilMs) throw new Error('the server collects no garbage');
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  return memoryOf(pid).rssBytes;
}
