import { loadavg } from 'node:os';
import { parseArgs } from 'node:util';
import { launchChromium } from '../test/support/browser.ts';
import { aimsOf, type Run, table } from './levers-report.ts';
import { Round, yardstick } from './levers-round.ts';
import { commonOptions, keep } from './options.ts';

const help = `npm run bench:levers: from the operator's lever to the last frame, in headless Chromium on loopback.

  --quick       2 rounds instead of 10
  --json FILE   write the aims and every run to FILE

Each round is a relay of its own with the demo's cameras, and throws each lever once while somebody watches on the relay's own page. The time
begins as the operator's request is sent (for what time ends: as the time is over; for a transfer: as the
database has it; for a drain, which is spread over a while: as the view's turn comes). Beside them, in the
same round: the viewer's own leave, told to the page in the same way.
`;

const goneMsMax = 1_000;

const { values } = parseArgs({
  options: commonOptions,
});
if (values.help) process.stdout.write(help);
else await main();

async function main(): Promise<void> {
  const rounds = values.quick ? 2 : 10;
  const browser = await launchChromium();
  const runs: Run[] = [];
  try {
    await new Round(browser, -1).warmUp();
    for (let round = 0; round < rounds; round++) {
      runs.push(...(await new Round(browser, round).all()));
      process.stderr.write(`\r${round + 1} of ${rounds} rounds`);
    }
    process.stderr.write('\n');
  } finally {
    await browser.close();
  }
  process.stdout.write(`${table(runs)}\n`);
  const aims = aimsOf(runs, yardstick, goneMsMax);
  const failing = aims.filter(({ holds }) => !holds).map(({ name, value }) => `${name}: ${value.toFixed(0)} ms`);
  process.stdout.write(
    `\nAim: below ${goneMsMax} ms, each time: ${failing.length === 0 ? 'holds' : `FAILS (${failing.join('; ')})`}. Load average ${loadavg()[0]?.toFixed(1)}.\n`,
  );
  keep(values.json, { aims, runs });
}
