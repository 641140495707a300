import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { command } from '../support/command.ts';
import { freePort } from '../support/free-port.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

async function sound() {
  return {
    LATCHKEY_DATA_DIRECTORY: join(temporaryFolder(), 'data'),
    LATCHKEY_HTTP_PORT: `${await freePort()}`,
    LATCHKEY_OPERATIONS_PORT: `${await freePort()}`,
    LATCHKEY_RELAY_PORT: `${await freePort()}`,
  };
}

describe('latchkey doctor', () => {
  it('ends with 0 where there is no problem, and colours nothing in a pipe', async () => {
    const { code, output, errors } = await command(['doctor', '--config', 'config/demo.json'], await sound());
    expect([code, errors]).toEqual([0, '']);
    expect(output).toMatch(/^ok {7}settings {5}a relay of these settings starts/);
    expect(output).toMatch(/\n\n(?:\d+ \w+, )*\d+ ok\.\n$/);
    expect(output).not.toContain('\u001b');
  });

  it('ends with 1 where there is one, and says the same as JSON', async () => {
    const environment = { ...(await sound()), LATCHKEY_DATA_DIRECTORY: '/proc/sys' };
    const { code, output } = await command(['doctor', '--config', 'config/demo.json', '--json'], environment);
    expect(code).toBe(1);
    const { healthy, findings } = JSON.parse(output);
    expect(healthy).toBe(false);
    expect(findings).toContainEqual({
      check: 'data',
      outcome: 'problem',
      found: expect.stringContaining('/proc/sys cannot be written'),
      todo: expect.any(String),
    });
  });

  it('settings that are none are the one thing that it says', async () => {
    const file = join(temporaryFolder(), 'settings.json');
    writeFileSync(file, '{"http": {"port": 99999999}}');
    const { code, output } = await command(['doctor', '--config', file, '--json']);
    expect(code).toBe(1);
    expect(JSON.parse(output).findings).toEqual([
      { check: 'settings', outcome: 'problem', found: expect.stringContaining('http.port'), todo: expect.any(String) },
    ]);
  });

  it('looks at another machine instead', async () => {
    const { code, output } = await command(['doctor', '--probe', `127.0.0.1:${await freePort()}`]);
    expect(code).toBe(1);
    expect(output).toMatch(/problem {2}http/);
    expect(output).not.toContain('kernel');
  });

  it.each(['a b', 'host:0', 'host:99999', '[::1', '[nonsense]:80'])('%s is no place', async (place) => {
    const { code, errors } = await command(['doctor', '--probe', place]);
    expect([code, errors]).toEqual([2, expect.stringContaining('relay.example')]);
  });
});
