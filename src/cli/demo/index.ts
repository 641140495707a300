import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { deviceId, subjectId } from '../../base/index.ts';
import type { Settings } from '../../config/index.ts';
import { type LatchkeyServer, startServer } from '../../server.ts';
import { openEmbeddedOwnership, ownTokenFile } from '../../wiring/index.ts';
import { cameras, grants, people } from './households.ts';
import { demoRoute } from './route.ts';

const restartMs = 1_000;
const leaveMsMax = 5_000;

export interface Demo extends AsyncDisposable {
  readonly server: LatchkeyServer;
  /** What the command prints: the page's address and the sign-in links. */
  readonly welcome: string;
}

/** Starts a relay with two households, and their four cameras in a process of their own. */
export async function startDemo(
  settings: Settings,
  readSettings = () => settings,
  file = 'config/demo.json',
): Promise<Demo> {
  await seedOwnership(settings);
  const server = await startServer(
    settings,
    { readSettings },
    demoRoute(() => server.developmentIssuer),
  );
  const cameras = demoCameras(server, settings);
  return {
    server,
    welcome: welcomeText(server, settings, file),
    async [Symbol.asyncDispose]() {
      await cameras.close();
      await server.close();
    },
  };
}

async function seedOwnership(settings: Settings): Promise<void> {
  const source = openEmbeddedOwnership(settings);
  try {
    for (const { subject, device, role } of grants) {
      source.grant({ subject: subjectId(subject), device: deviceId(device), role, notAfterMs: undefined });
    }
  } finally {
    await source.close();
  }
}

/** The cameras' process. Should it end by itself, another takes its place after a moment. */
function demoCameras(server: LatchkeyServer, settings: Settings): { close(): Promise<void> } {
  let closing = false;
  let again: NodeJS.Timeout | undefined;
  let child = start();

  function start(): ChildProcess {
    const agents = fork(new URL('./cameras-process.ts', import.meta.url), [], {
      execArgv: ['--disable-warning=ExperimentalWarning'],
      env: withoutSettings(process.env),
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    });
    agents.send({ relay: server.url, settings });
    agents.once('exit', (code, signal) => {
      if (closing) return;
      process.stderr.write(`The demo's cameras ended (${signal ?? code}); starting them again.\n`);
      again = setTimeout(() => {
        child = start();
      }, restartMs);
    });
    return agents;
  }

  return {
    /** The cameras leave by themselves when this process lets go of them. */
    async close() {
      closing = true;
      clearTimeout(again);
      if (child.exitCode !== null || child.signalCode !== null) return;
      const exit = once(child, 'exit');
      if (child.connected) child.disconnect();
      const late = setTimeout(() => child.kill('SIGKILL'), leaveMsMax);
      await exit;
      clearTimeout(late);
    },
  };
}

function withoutSettings(environment: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(environment).filter(([name]) => !name.startsWith('LATCHKEY_')));
}

function welcomeText(server: LatchkeyServer, settings: Settings, file: string): string {
  const links = people.map(
    ({ id, name, note }) => `    ${name.padEnd(6)} ${`${server.url}/#as=${id}`.padEnd(36)} ${note}`,
  );
  return `
  Latchkey is running, with ${cameras.length} demo cameras of two households.

  Open  ${server.url}/

  Or sign in at once as
${links.join('\n')}

  As its operator, see how it is and who saw what:

    ${`${server.adminUrl}/`.padEnd(41)} sign in with what is in ${settings.admin.tokenFile ?? ownTokenFile(settings.dataDirectory)}
    http://localhost:${server.operationsPort}/metrics

    npx latchkey status --watch --config ${file}
    npx latchkey audit who-saw ${cameras[0]?.id} --config ${file}

  Stop: Ctrl-C
`;
}
