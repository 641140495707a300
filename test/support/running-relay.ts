import { copyFileSync, existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { deviceId, subjectId, systemClock, systemRandom } from '../../src/base/index.ts';
import { type Camera, type CameraObserver, type CameraSettings, startCamera } from '../../src/camera/index.ts';
import { loadSettings, type Settings } from '../../src/config/index.ts';
import type { Role } from '../../src/ownership/index.ts';
import { type Route, type ServerParts, startServer } from '../../src/server.ts';
import { openGrantBook } from '../../src/wiring/index.ts';
import { sumOfSeries } from './exposition.ts';

export interface RelayOptions {
  /** Environment variables that set settings, such as `LATCHKEY_SESSIONS_PER_DEVICE_MAX`. */
  readonly environment?: Readonly<Record<string, string>>;
  readonly parts?: ServerParts;
  readonly route?: Route;
  /** Another relay of the same fleet: this one takes its tokens and tickets, and asks the same owners, from a folder of its own. */
  readonly beside?: { readonly settings: Settings };
}

/** What relays of a fleet share is copied from one data directory to the other, where it is there. Says what they have to be told. */
export function fleetOf({ dataDirectory }: Pick<Settings, 'dataDirectory'>, folder: string): Record<string, string> {
  for (const name of ['development-issuer.json', 'ticket-keys.json'].filter((each) =>
    existsSync(join(dataDirectory, each)),
  )) {
    copyFileSync(join(dataDirectory, name), join(folder, name));
  }
  return { LATCHKEY_DATA_DIRECTORY: folder, LATCHKEY_OWNERSHIP_FILE: join(dataDirectory, 'ownership.sqlite') };
}

/** A whole relay in this process, on ports and in a folder of its own, on loopback. */
export async function runningRelay({ environment = {}, parts, route, beside }: RelayOptions = {}) {
  const folder = mkdtempSync(join(tmpdir(), 'latchkey-relay-'));
  const settings = loadSettings('config/demo.json', {
    LATCHKEY_DEMO: 'false',
    LATCHKEY_DATA_DIRECTORY: folder,
    LATCHKEY_HTTP_HOST: '127.0.0.1',
    LATCHKEY_HTTP_PORT: '0',
    LATCHKEY_RELAY_HOST: '127.0.0.1',
    LATCHKEY_RELAY_PORT: '0',
    LATCHKEY_RELAY_WORKERS: '2',
    LATCHKEY_OPERATIONS_PORT: '0',
    // A machine that is busy with other tests sends nobody away.
    LATCHKEY_ADMISSION_LAG_MS_MAX: '10000',
    LATCHKEY_ADMIN_PORT: '0',
    ...(beside && fleetOf(beside.settings, folder)),
    ...environment,
  });
  const server = await startServer(settings, parts, route);
  const issuer = server.developmentIssuer;
  if (issuer === undefined) throw new Error('the relay of a test has the development issuer');
  const cameras: Camera[] = [];

  return {
    server,
    settings,
    url: server.url,
    token: (kind: 'viewer' | 'camera', subject: string, seconds = 3_600) => issuer.token(kind, subject, seconds),

    async grant(subject: string, device: string, role: Role = 'owner', notAfterMs?: number): Promise<void> {
      const book = openGrantBook(settings, process.env);
      await book.grant({ subject: subjectId(subject), device: deviceId(device), role, notAfterMs });
      await book.close();
    },

    async revoke(subject: string, device: string): Promise<void> {
      const book = openGrantBook(settings, process.env);
      await book.revoke({ subject: subjectId(subject), device: deviceId(device) });
      await book.close();
    },

    /** A camera agent that plays the demo's clip of that device, registered by the time this resolves. */
    camera(device: string, more: Partial<CameraSettings> = {}, observer: CameraObserver = {}): Promise<Camera> {
      return new Promise((resolve) => {
        const camera = startCamera(
          {
            relay: server.url,
            token: () => issuer.token('camera', device, 3_600),
            source: { kind: 'clip', path: join('config', 'demo', device) },
            ...more,
          },
          { clock: systemClock, random: systemRandom },
          {
            ...observer,
            registered(id) {
              observer.registered?.(id);
              resolve(camera);
            },
          },
        );
        cameras.push(camera);
      });
    },

    /** The sum of a metric’s series that have these labels. Throws where there is none: a name or a value that does not exist. */
    async metric(name: string, labels: Readonly<Record<string, string>> = {}): Promise<number> {
      return sumOfSeries(await server.metrics.text(), name, labels);
    },

    async [Symbol.asyncDispose](): Promise<void> {
      await Promise.all(cameras.map((camera) => camera.close()));
      await server.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

export type RunningRelay = Awaited<ReturnType<typeof runningRelay>>;
