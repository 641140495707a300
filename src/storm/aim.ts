import { lookup } from 'node:dns/promises';
import { isLoopback, LatchkeyError } from '../base/index.ts';
import { relayTarget } from '../peer/index.ts';

/** Where a storm goes, resolved once: every connection goes to the same address. */
export interface Aim {
  readonly address: string;
  readonly port: number;
  readonly secure: boolean;
  /** For the `Host` header, and for the name in the relay's certificate. */
  readonly host: string;
  readonly hostname: string;
  readonly path: string;
  /** PEM of a private CA. */
  readonly ca: string | undefined;
  /** Whether each camera can come from an address of its own: Linux gives a machine all of 127.0.0.0/8. */
  readonly manySources: boolean;
}

export interface AimSettings {
  readonly relay: string;
  readonly caFile?: string | undefined;
  /** The operator's word that a relay beyond this machine is his own. */
  readonly targetIsMine: boolean;
}

type Resolve = (hostname: string) => Promise<readonly { readonly address: string; readonly family: number }[]>;

/**
 * Takes aim at the relay that the operator named. Throws `params-invalid` for a relay beyond this machine without his word that it is
 * his, `settings-invalid` for a URL or a CA file that cannot be used, and `relay-unreachable` for a name that cannot be resolved.
 */
export async function takeAim(settings: AimSettings, resolve: Resolve = resolved): Promise<Aim> {
  const { webSocket, ca } = relayTarget(settings.relay, settings.caFile);
  const hostname = webSocket.hostname.replace(/^\[|\]$/g, '');
  const addresses = await resolve(hostname).catch((cause: unknown) => {
    throw new LatchkeyError('relay-unreachable', `${hostname} cannot be resolved`, { cause });
  });
  const here = addresses.length > 0 && addresses.every(({ address }) => isLoopback(address));
  if (!here && !settings.targetIsMine) {
    const why = `${hostname} is not this machine, and a storm takes a relay away from the people who use it`;
    throw new LatchkeyError('params-invalid', `${why}: say --target-is-mine if it is yours to storm`);
  }
  const best = addresses.find(({ family }) => family === 4) ?? addresses[0];
  if (best === undefined) throw new LatchkeyError('relay-unreachable', `${hostname} has no address`);
  const secure = webSocket.protocol === 'wss:';
  return {
    address: best.address,
    port: webSocket.port === '' ? (secure ? 443 : 80) : Number(webSocket.port),
    secure,
    host: webSocket.host,
    hostname,
    path: webSocket.pathname,
    ca,
    manySources: process.platform === 'linux' && best.family === 4 && isLoopback(best.address),
  };
}

/** The address that the nth connection comes from: a fleet's cameras do not all stand behind one. */
export function sourceOf(aim: Aim, index: number): string | undefined {
  if (!aim.manySources) return undefined;
  return `127.${64 + ((index >> 16) & 63)}.${(index >> 8) & 255}.${index & 255}`;
}

function resolved(hostname: string): ReturnType<Resolve> {
  return lookup(hostname, { all: true });
}
