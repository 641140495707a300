import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { recordsOf } from '../../src/audit/reading.ts';
import { openToRead } from '../../src/audit/schema.ts';
import type { Settings } from '../../src/config/index.ts';
import { runningRelay } from '../support/running-relay.ts';
import { selfSigned } from '../support/self-signed.ts';

/** A whole relay whose settings can be read again. */
async function reloadable(environment: Record<string, string> = {}) {
  let change = (settings: Settings) => settings;
  let first: Settings | undefined;
  const relay = await runningRelay({
    environment,
    parts: {
      readSettings() {
        if (first === undefined) throw new Error('settings are read again once there are some');
        return change(first);
      },
    },
  });
  first = relay.settings;
  return {
    server: relay.server,
    dataDirectory: relay.settings.dataDirectory,
    reload(next: (settings: Settings) => Settings) {
      change = next;
      return relay.server.reload();
    },
    [Symbol.asyncDispose]: () => relay[Symbol.asyncDispose](),
  };
}

it('a reload with a certificate of the admin port that is none changes nothing else either', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'latchkey-reload-'));
  const [certificateFile, keyFile] = [join(folder, 'certificate'), join(folder, 'key')];
  const { certificate, key } = selfSigned();
  writeFileSync(certificateFile, certificate);
  writeFileSync(keyFile, key);
  await using relay = await reloadable({ LATCHKEY_ADMIN_TLS: JSON.stringify({ certificateFile, keyFile }) });
  writeFileSync(certificateFile, 'none');
  const next = (settings: Settings): Settings => ({
    ...settings,
    switches: { ...settings.switches, sharing: 'off' },
    drain: { ...settings.drain, leadSeconds: 1 },
  });
  await expect(relay.reload(next)).rejects.toThrow(/admin\.tls/);
  expect(relay.server.levers.positionOf('sharing')).toBe('on');
  writeFileSync(certificateFile, certificate);
  expect((await relay.reload(next)).changed).toEqual(['switches.sharing', 'drain.leadSeconds']);
  expect(relay.server.levers.positionOf('sharing')).toBe('off');
});

it('a switch that the settings have thrown is off wherever an operator looks', async () => {
  await using relay = await reloadable();
  await relay.reload((settings) => ({ ...settings, switches: { ...settings.switches, sharing: 'off' } }));
  const token = JSON.parse(readFileSync(join(relay.dataDirectory, 'admin-token'), 'utf8'));
  const read = async (path: string) => {
    const response = await fetch(relay.server.adminUrl + path, { headers: { authorization: `Bearer ${token}` } });
    return await response.json();
  };
  expect(await read('/v1/status')).toMatchObject({ switches: { sharing: 'off', whep: 'on' } });
  expect(await read('/v1/switches')).toMatchObject({
    switches: { sharing: { position: 'on' } },
    settings: { sharing: { position: 'off' }, whep: { position: 'on' } },
  });
});

it('a switch that the settings throw is on record', async () => {
  await using relay = await reloadable();
  await relay.reload((settings) => ({ ...settings, switches: { ...settings.switches, whep: 'off' } }));
  await relay.reload((settings) => ({ ...settings, drain: { ...settings.drain, leadSeconds: 1 } }));
  await relay.server.close();
  const { database } = openToRead(join(relay.dataDirectory, 'audit.sqlite'));
  const acts = [...recordsOf(database)].filter(({ kind }) => kind === 'operator');
  database.close();
  expect(acts.map(({ names }) => names.map(({ name, details }) => [name, JSON.parse(details)]))).toEqual([
    [['whep', { detail: '{"position":"off"}' }]],
    [['whep', { detail: '{"position":"on"}' }]],
  ]);
});
