import { readFileSync } from 'node:fs';
import { LatchkeyError } from '../base/index.ts';
import { webSocketPath } from '../protocol/index.ts';

/** Where a relay is, in the two forms that are needed. */
export interface RelayTarget {
  readonly webSocket: URL;
  /** Ends with a slash. */
  readonly http: URL;
  /** PEM of a private CA; the system's own list when undefined. */
  readonly ca: string | undefined;
}

/** Reads `http(s)://host:port` or `ws(s)://host:port`, with a path before it where a proxy has one. Throws `settings-invalid`. */
export function relayTarget(relay: string, caFile?: string): RelayTarget {
  const url = URL.parse(relay);
  const secure = url?.protocol === 'https:' || url?.protocol === 'wss:';
  const plain = url?.protocol === 'http:' || url?.protocol === 'ws:';
  if (url === null || !(secure || plain)) {
    throw new LatchkeyError('settings-invalid', 'the relay is written http(s)://host:port or ws(s)://host:port');
  }
  if (url.username !== '' || url.password !== '' || url.search !== '' || url.hash !== '') {
    throw new LatchkeyError('settings-invalid', 'the relay’s URL holds no password, no query and no fragment');
  }
  const base = `${url.host}${url.pathname.replace(/\/+$/, '')}`;
  return {
    webSocket: new URL(`${secure ? 'wss' : 'ws'}://${base}${webSocketPath}`),
    http: new URL(`${secure ? 'https' : 'http'}://${base}/`),
    ca: caFile === undefined ? undefined : readCa(caFile),
  };
}

function readCa(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    throw new LatchkeyError('settings-invalid', `the CA file cannot be read: ${file}`, { cause: error });
  }
}
