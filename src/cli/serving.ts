import { asLatchkeyError, limits } from '../base/index.ts';
import type { LatchkeyServer } from '../server.ts';
import { type DrainOptions, shortDrain } from '../wiring/index.ts';
import { exitCodes } from './outcome.ts';
import type { ServiceManager } from './service-manager.ts';

/** What a process is told from outside, and how it ends at once. */
export interface ProcessPowers {
  on(signal: 'SIGTERM' | 'SIGINT' | 'SIGHUP', run: () => void): void;
  exit(code: number): void;
}

type Served = Pick<LatchkeyServer, 'drain' | 'drained' | 'hasten' | 'watchDrain' | 'reload'>;

/**
 * Serves until a drain is over, whoever asked for it. SIGTERM asks for one, SIGINT for a short one; a second signal hastens it, and a third one
 * ends the process. SIGHUP reads the settings again.
 */
export async function served(server: Served, manager: ServiceManager, powers: ProcessPowers): Promise<void> {
  let signals = 0;
  const stop = (options: DrainOptions) => {
    signals += 1;
    if (signals === 1) void server.drain(options);
    else if (signals === 2) server.hasten();
    else powers.exit(exitCodes.interrupted);
  };
  powers.on('SIGTERM', () => stop({}));
  powers.on('SIGINT', () => stop(shortDrain));
  let stopping = false;
  powers.on('SIGHUP', () => void reload(server, manager, () => stopping));
  server.watchDrain(({ cameras, connections, sessions }) => {
    const left = `Moving everybody elsewhere: ${cameras} cameras, ${connections} connections and ${sessions} live views left`;
    if (stopping) manager.status(left);
    else manager.stopping(left);
    stopping = true;
    manager.extend(2 * limits.drainToldMs);
  });
  manager.ready('Serving');
  await server.drained;
}

/** Holds a SIGHUP that comes while a relay starts, which would end the process, until somebody listens. */
export function holdingHangups(powers: ProcessPowers): ProcessPowers {
  let came = false;
  let run = () => {
    came = true;
  };
  powers.on('SIGHUP', () => run());
  return {
    on(signal, listener) {
      if (signal !== 'SIGHUP') return void powers.on(signal, listener);
      run = listener;
      if (came) listener();
    },
    exit: (code) => powers.exit(code),
  };
}

/** Where it is refused, the log says why, and the service goes on. One that stops stays one that stops. */
async function reload(server: Served, manager: ServiceManager, isStopping: () => boolean): Promise<void> {
  if (!isStopping()) manager.reloading();
  const tell = (what: string) => (isStopping() ? manager.status(`Stopping${what}`) : manager.ready(`Serving${what}`));
  try {
    const { changed, needRestart } = await server.reload();
    const waits = needRestart.length === 0 ? '' : `; a new start is needed for ${needRestart.join(', ')}`;
    tell(`, with ${changed.length} settings changed${waits}`);
  } catch (thrown) {
    tell(`; settings were refused: ${asLatchkeyError(thrown).message}`);
  }
}
