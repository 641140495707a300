import { deviceId, LatchkeyError, Redacted, subjectId } from '../../base/index.ts';
import { loadSettings, type Settings } from '../../config/index.ts';
import type { StormTokens } from '../../storm/index.ts';
import { developmentIssuerOf, openEmbeddedOwnership } from '../../wiring/index.ts';

export interface DevelopmentTokensOptions {
  readonly config: string | undefined;
  /** The data directory, in the place of the one that the settings name. */
  readonly data: string | undefined;
  readonly cameras: number;
  readonly viewers: number;
}

/** Tokens that outlast any storm that somebody watches, within what the relay takes. */
const lifetimeSecondsMax = 86_400;

/**
 * Makes tokens with the key of a development relay on this machine, and writes into its database who owns the cameras: each viewer
 * some of them. When disposed of, the owners are taken out again. Throws `settings-invalid` where there is no such relay.
 */
export async function developmentTokens(options: DevelopmentTokensOptions): Promise<StormTokens & AsyncDisposable> {
  const settings = settingsOf(options);
  const issuer = await developmentIssuerOf(settings);
  if (!settings.identity.developmentIssuer) {
    throw new LatchkeyError(
      'settings-invalid',
      'identity.developmentIssuer: a relay of these settings takes no such tokens',
    );
  }
  const namespace = issuer.settings.namespace ?? '';
  const seconds = Math.min(lifetimeSecondsMax, settings.identity.tokenLifetimeSecondsMax);
  const tokenOf = async (kind: 'camera' | 'viewer', subject: string) =>
    new Redacted(await issuer.token(kind, subject, seconds));
  const cameras = await Promise.all(
    Array.from({ length: options.cameras }, async (_, index) => {
      const subject = `storm-camera-${index}`;
      return { device: deviceId(namespace + subject), token: await tokenOf('camera', subject) };
    }),
  );
  const households = Math.min(options.viewers, options.cameras);
  const viewers = await Promise.all(
    Array.from({ length: households }, async (_, index) => {
      const subject = `storm-viewer-${index}`;
      const devices = cameras.filter((_camera, at) => at % households === index).map(({ device }) => device);
      return { subject: subjectId(namespace + subject), token: await tokenOf('viewer', subject), devices };
    }),
  );
  const owned = viewers.flatMap(({ subject, devices }) => devices.map((device) => ({ subject, device })));
  const source = openEmbeddedOwnership(settings);
  source.grantAll(owned.map((pair) => ({ ...pair, role: 'owner' })));
  return {
    cameras,
    viewers,
    async [Symbol.asyncDispose]() {
      source.revokeAll(owned);
      await source.close();
    },
  };
}

function settingsOf({ config = 'config/demo.json', data }: DevelopmentTokensOptions): Settings {
  const environment = data === undefined ? process.env : { ...process.env, LATCHKEY_DATA_DIRECTORY: data };
  return loadSettings(config, environment);
}
