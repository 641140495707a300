import { generateKeyPairSync, sign } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { deviceId, subjectId, systemClock } from '../../src/base/index.ts';
import { openSqliteSource } from '../../src/ownership/index.ts';

const lifetimeSeconds = 6 * 3_600;

/** What every server of a run is given: a key to verify by, and who owns what; and the tokens that the load shows. */
export interface Household {
  readonly keyFile: string;
  readonly ownersFile: string;
  readonly tokensFile: string;
  readonly configFile: (server: 'uws' | 'ws') => string;
}

/** An issuer of ES256 tokens, `cameras` cameras and their owners, `viewers` of them, in files of this folder. */
export async function makeHousehold(folder: string, cameras: number, viewers = 50): Promise<Household> {
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const keyFile = join(folder, 'issuer.pem');
  writeFileSync(keyFile, publicKey.export({ type: 'spki', format: 'pem' }));
  const iat = Math.floor(Date.now() / 1000);
  const token = (kind: 'camera' | 'viewer', sub: string) => {
    const claims = { iss: 'bench', aud: `latchkey-${kind}`, sub, iat, exp: iat + lifetimeSeconds };
    const body = [{ alg: 'ES256', typ: 'JWT' }, claims].map(part).join('.');
    const signature = sign('sha256', Buffer.from(body), { key: privateKey, dsaEncoding: 'ieee-p1363' });
    return `${body}.${signature.toString('base64url')}`;
  };
  const devices = Array.from({ length: cameras }, (_, index) => `camera-${index}`);
  const ownerOf = (index: number) => `person-${index % viewers}`;
  const lines = [
    ...devices.map((device) => ({ device, token: token('camera', device) })),
    ...Array.from({ length: viewers }, (_, person) => ({
      subject: ownerOf(person),
      token: token('viewer', ownerOf(person)),
      devices: devices.filter((_device, index) => index % viewers === person),
    })),
  ];
  const tokensFile = join(folder, 'tokens.jsonl');
  writeFileSync(tokensFile, lines.map((line) => `${JSON.stringify(line)}\n`).join(''));
  const ownersFile = join(folder, 'owners.json');
  writeFileSync(
    ownersFile,
    JSON.stringify(Object.fromEntries(devices.map((device, index) => [device, ownerOf(index)]))),
  );
  const source = openSqliteSource({ file: join(folder, 'ownership.sqlite'), clock: systemClock });
  source.grantAll(
    devices.map((device, index) => ({ subject: subjectId(ownerOf(index)), device: deviceId(device), role: 'owner' })),
  );
  await source.close();
  const configFile = (server: 'uws' | 'ws') => {
    const file = join(folder, `${server}.json`);
    writeFileSync(file, JSON.stringify(settings(folder, server, keyFile)));
    return file;
  };
  return { keyFile, ownersFile, tokensFile, configFile };
}

function settings(folder: string, server: 'uws' | 'ws', pemFile: string): object {
  return {
    dataDirectory: folder,
    http: { host: '127.0.0.1', port: 0, server },
    relay: { host: '127.0.0.1', port: 0, tcpPort: 'off' },
    operations: { host: '127.0.0.1', port: 0 },
    admin: { port: 0 },
    identity: { issuers: [{ issuer: 'bench', keys: { pemFile, algorithm: 'ES256' } }] },
    ownership: { source: 'sqlite' },
    telemetry: { logLevel: 'warn' },
  };
}

function part(value: object): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url');
}
