import { readFileSync } from 'node:fs';
import { createSecureContext } from 'node:tls';
import { LatchkeyError } from '../../base/index.ts';
import type { TransportSettings } from './transport.ts';

/**
 * Reads the certificate and the key, PEM both, and tries them. Throws `settings-invalid` with the name of the file that
 * cannot be read, or when they are not PEM or do not belong together.
 */
export function readTlsFiles(tls: NonNullable<TransportSettings['tls']>): { cert: Buffer; key: Buffer } {
  const cert = readPem('http.tls.certificateFile', tls.certificateFile);
  const key = readPem('http.tls.keyFile', tls.keyFile);
  try {
    createSecureContext({ cert, key });
  } catch (error) {
    const files = `http.tls: ${tls.certificateFile} and ${tls.keyFile}`;
    const what = 'must be a PEM certificate and the PEM key that belongs to it, without a passphrase';
    throw new LatchkeyError('settings-invalid', `${files} ${what}: ${(error as Error).message}`, { cause: error });
  }
  return { cert, key };
}

function readPem(setting: string, file: string): Buffer {
  try {
    return readFileSync(file);
  } catch (error) {
    throw new LatchkeyError('settings-invalid', `${setting}: ${(error as Error).message}`, { cause: error });
  }
}

/** What an operator reads when the server cannot listen. */
export function listenError(settings: TransportSettings, error: NodeJS.ErrnoException): LatchkeyError {
  const { host, port } = settings;
  const advice = listenAdvice(error.code, host, port) ?? error.message;
  return new LatchkeyError('settings-invalid', `http: ${advice}`, { cause: error });
}

function listenAdvice(code: string | undefined, host: string, port: number): string | undefined {
  switch (code) {
    case 'EADDRINUSE':
      return `port ${port} is in use; stop what listens there, or set http.port to another one`;
    case 'EACCES':
      return `port ${port} may not be used by this user; set http.port to 1024 or more`;
    case 'EADDRNOTAVAIL':
    case 'EAFNOSUPPORT':
      return `${host} is no address of this machine; set http.host to one, or to 0.0.0.0 for every IPv4 address`;
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
      return `${host} cannot be resolved; set http.host to an address of this machine`;
    default:
      return undefined;
  }
}
