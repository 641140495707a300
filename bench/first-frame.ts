import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { parseArgs } from 'node:util';
import type { Browser } from 'playwright-core';
import { launchChromium } from '../test/support/browser.ts';
import { median, type Parts, percentile, type Run, table } from './first-frame-report.ts';
import { commonOptions, keep } from './options.ts';

const help = `npm run bench:first-frame: from the click to the first frame, in headless Chromium on loopback.

  --quick       4 runs of each kind instead of 20
  --json FILE   write the aims and every run to FILE

Each run is a browser context of its own, with nothing cached and no connection. "cold" opens its connection at the click,
"warm" a moment before, as the page does when the pointer comes near. Beside them, in the same run: two peer connections within one page,
without relay, camera or signaling, which is what the browser itself needs.
`;

const medianMsMax = 250;
const cameras = ['maple-garden', 'maple-front-door'];

const { values } = parseArgs({
  options: commonOptions,
});
if (values.help) process.stdout.write(help);
else await main();

async function main(): Promise<void> {
  const rounds = values.quick ? 4 : 20;
  await using demo = await startDemo();
  const browser = await launchChromium();
  const runs: Run[] = [];
  try {
    await one(browser, demo.url, demo.token, 'cold', 0);
    for (let round = 0; round < rounds; round++) {
      for (const kind of ['cold', 'warm', 'browser alone'] as const) {
        runs.push(await one(browser, demo.url, demo.token, kind, round));
      }
      process.stderr.write(`\r${round + 1} of ${rounds} rounds`);
    }
    process.stderr.write('\n');
  } finally {
    await browser.close();
  }
  process.stdout.write(`${table(runs)}\n`);
  const value = median(totals(runs, 'cold'));
  const aims = [
    { name: 'first frame, cold, median', value, limit: medianMsMax, unit: 'ms', holds: value < medianMsMax },
  ];
  const alone = median(totals(runs, 'browser alone'));
  process.stdout.write(
    `\nAim: median of the cold runs below ${medianMsMax} ms: ${value.toFixed(0)} ms (${value < medianMsMax ? 'holds' : 'FAILS'}), ` +
      `p95 ${percentile(totals(runs, 'cold'), 0.95).toFixed(0)} ms, ${(value / alone).toFixed(2)} × the browser alone.\n`,
  );
  keep(values.json, { aims, runs });
}

function totals(runs: readonly Run[], kind: Run['kind']): number[] {
  return runs.filter((run) => run.kind === kind).map((run) => run.totalMs);
}

/** One click, in a browser context that has never seen the relay. */
async function one(browser: Browser, url: string, token: string, kind: Run['kind'], round: number): Promise<Run> {
  const device = cameras[round % cameras.length] ?? '';
  const context = await browser.newContext();
  try {
    const page = await context.newPage();
    await page.goto(`${url}/healthz`);
    await page.addScriptTag({ url: '/live-view.js', type: 'module' });
    await page.evaluate(() => customElements.whenDefined('live-view').then(() => undefined));
    await page.addScriptTag({ content: `import('/live-view.js').then((library) => { window.warm = library.warm; });` });
    await page.waitForFunction('window.warm !== undefined');
    await page.evaluate(prepare, { kind, device, token });
    if (kind === 'warm') await page.evaluate('window.warm()');
    if (kind === 'warm') await page.hover('button');
    const measured = page.evaluate('window.measured') as Promise<Parts>;
    await page.click('button');
    return { kind, round, device: kind === 'browser alone' ? '' : device, ...(await measured) };
  } finally {
    await context.close();
  }
}

/** Runs in the page: a button, and a promise of what came of its click. */
function prepare({ kind, device, token }: { kind: Run['kind']; device: string; token: string }): void {
  const button = document.createElement('button');
  button.textContent = 'Watch';
  document.body.append(button);

  const watch = (click: MouseEvent) =>
    new Promise<Parts>((resolve) => {
      const view = document.createElement('live-view');
      view.setAttribute('device', device);
      view.setAttribute('token', token);
      view.addEventListener('firstframe', (event) => {
        const { detail } = event as CustomEvent<Omit<Parts, 'beforeMs'>>;
        const totalMs = performance.now() - click.timeStamp;
        resolve({ ...detail, beforeMs: totalMs - detail.totalMs, totalMs });
      });
      document.body.append(view);
    });

  /** A picture from one peer connection to another in this page, by the shortest way. */
  const alone = async (click: MouseEvent): Promise<Parts> => {
    const canvas = document.createElement('canvas');
    canvas.width = 640;
    canvas.height = 360;
    const drawing = canvas.getContext('2d');
    let shade = 0;
    setInterval(() => {
      if (drawing === null) return;
      drawing.fillStyle = `hsl(${shade++ % 360} 80% 50%)`;
      drawing.fillRect(0, 0, 640, 360);
    }, 1000 / 15);
    const [sender, receiver] = [new RTCPeerConnection(), new RTCPeerConnection()];
    sender.onicecandidate = ({ candidate }) => void (candidate && receiver.addIceCandidate(candidate));
    receiver.onicecandidate = ({ candidate }) => void (candidate && sender.addIceCandidate(candidate));
    const video = document.createElement('video');
    video.muted = true;
    document.body.append(video);
    const shown = new Promise<void>((resolve) => {
      receiver.ontrack = ({ streams }) => {
        video.srcObject = streams[0] ?? null;
        void video.play();
        video.requestVideoFrameCallback(() => resolve());
      };
    });
    const stream = canvas.captureStream(15);
    for (const track of stream.getTracks()) sender.addTrack(track, stream);
    await sender.setLocalDescription();
    if (sender.localDescription !== null) await receiver.setRemoteDescription(sender.localDescription);
    await receiver.setLocalDescription();
    if (receiver.localDescription !== null) await sender.setRemoteDescription(receiver.localDescription);
    await shown;
    const totalMs = performance.now() - click.timeStamp;
    return { beforeMs: 0, signalingMs: 0, iceMs: 0, dtlsMs: 0, firstPacketMs: 0, firstFrameMs: 0, totalMs };
  };

  const measured = new Promise<Parts>((resolve, reject) => {
    button.onclick = (click) => (kind === 'browser alone' ? alone(click) : watch(click)).then(resolve, reject);
  });
  Object.assign(window, { measured });
}

/** The demo as `npm start` runs it, on free ports and in a folder of its own. */
async function startDemo() {
  const folder = mkdtempSync(join(tmpdir(), 'latchkey-bench-'));
  const main = join(import.meta.dirname, '../src/main.ts');
  const child: ChildProcess = spawn(
    process.execPath,
    [
      '--disable-warning=ExperimentalWarning',
      main,
      'serve',
      '--config',
      join(import.meta.dirname, '../config/demo.json'),
    ],
    {
      stdio: ['ignore', 'pipe', 'inherit'],
      env: {
        ...process.env,
        LATCHKEY_DATA_DIRECTORY: folder,
        LATCHKEY_HTTP_PORT: '0',
        LATCHKEY_RELAY_PORT: '0',
        LATCHKEY_OPERATIONS_PORT: '0',
        LATCHKEY_ADMIN_PORT: '0',
      },
    },
  );
  if (child.stdout === null) throw new TypeError('the relay has an output');
  let url = '';
  for await (const line of createInterface(child.stdout)) {
    url = /Open\s+(http:\S+?)\/?$/.exec(line)?.[1] ?? url;
    if (line.includes('Stop: Ctrl-C')) break;
  }
  const signIn = await fetch(`${url}/demo/sign-in`, { method: 'POST', body: JSON.stringify({ person: 'alice' }) });
  const { token } = (await signIn.json()) as { token: string };
  const authorization = `Bearer ${token}`;
  const online = async () => {
    const { devices } = (await (await fetch(`${url}/devices`, { headers: { authorization } })).json()) as {
      devices: { state: string }[];
    };
    return devices.every(({ state }) => state === 'online');
  };
  while (!(await online())) await new Promise((resolve) => setTimeout(resolve, 100));
  return {
    url,
    token,
    async [Symbol.asyncDispose]() {
      child.kill('SIGTERM');
      await once(child, 'exit');
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
