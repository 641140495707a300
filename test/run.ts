import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { constants, tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { install, installHindrance, missingOf, needs, needsText, packagesOf } from './support/debian-packages.ts';
import { summaryLine, type Totals, totalsOf } from './support/test-totals.ts';

const help = `npm test: runs the tests, after seeing to what they need beyond npm.

  npm test                          everything
  npm test -- test/pairing          the test files whose path has these words in it
  npm test -- -t 'a claim'          whatever else vitest takes
  npm test -- --list-needs          the programs that the tests need, and why
  npm test -- --help                this

Missing programs are installed with apt-get where this runs as root on Debian 12 or 13; elsewhere they are named.
The last line is "N passed, N failed". Exit code: 0 all passed, 1 a test failed, 2 a program is missing.
`;

const root = dirname(import.meta.dirname);
const stop = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => stop.abort(signal));

process.exitCode = await main(process.argv.slice(2));

async function main(parameters: string[]): Promise<number> {
  const say = (line: string) => process.stdout.write(`${line}\n`);
  if (parameters.includes('--help') || parameters.includes('-h')) {
    say(help.trimEnd());
    return 0;
  }
  if (parameters.includes('--list-needs')) {
    say(needsText(needs));
    return 0;
  }
  if (!(await haveNeeds(say))) return stop.signal.aborted ? stoppedCode() : 2;
  const folder = mkdtempSync(join(tmpdir(), 'latchkey-tests-'));
  try {
    const report = join(folder, 'report.json');
    const code = await runVitest(parameters, report);
    const totals = totalsOf(readReport(report), code, picksByName(parameters));
    say(summaryLine(totals));
    return stop.signal.aborted ? stoppedCode() : exitCodeOf(totals);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Whether every program is there, in the end. */
async function haveNeeds(say: (line: string) => void): Promise<boolean> {
  const path = process.env.PATH ?? '';
  let missing = missingOf(needs, path);
  if (missing.length === 0) return true;
  const packages = packagesOf(missing);
  const hindrance = installHindrance(process.getuid?.(), path);
  if (hindrance === undefined) {
    say(`The tests need ${packages.join(', ')}: installing.`);
    await install(packages, say, stop.signal, process.env);
    missing = missingOf(needs, path);
    if (missing.length === 0) return true;
  }
  const reason = hindrance ?? 'apt-get could not install it';
  const command = `apt-get install --no-install-recommends ${packages.join(' ')}`;
  process.stderr.write(
    `The tests need what is missing here (${reason}):\n${needsText(missing)}\nInstall it as root: ${command}\n`,
  );
  return false;
}

/** Runs vitest to its end and resolves to its exit code. A signal that stops us is passed on to it. */
function runVitest(parameters: string[], report: string): Promise<number> {
  const vitest = join(dirname(createRequire(import.meta.url).resolve('vitest/package.json')), 'vitest.mjs');
  const own = ['run', '--config', 'test/vitest.config.ts', '--reporter=default', '--reporter=json'];
  const child = spawn(process.execPath, [vitest, ...own, `--outputFile.json=${report}`, ...parameters], {
    cwd: root,
    stdio: ['ignore', 'inherit', 'inherit'],
  });
  const pass = () => child.kill(stop.signal.reason);
  if (stop.signal.aborted) pass();
  stop.signal.addEventListener('abort', pass);
  return new Promise((resolve) => {
    child.once('error', () => resolve(1));
    child.once('exit', (code, signal) => resolve(code ?? 128 + (signal === null ? 0 : constants.signals[signal])));
  });
}

function picksByName(parameters: string[]): boolean {
  return parameters.some((parameter) => /^(-t|--testNamePattern(=|$))/.test(parameter));
}

function readReport(file: string): unknown {
  try {
    return JSON.parse(readFileSync(file, 'utf8'));
  } catch {
    return undefined;
  }
}

function exitCodeOf(totals: Totals): number {
  return totals.failed === 0 ? 0 : 1;
}

function stoppedCode(): number {
  const signal: NodeJS.Signals = stop.signal.reason;
  return 128 + constants.signals[signal];
}
