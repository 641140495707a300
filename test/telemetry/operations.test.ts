import { afterEach, describe, expect, it } from 'vitest';
import { Metrics, type Operations, openOperations, type Readiness } from '../../src/telemetry/index.ts';
import { quietReadings } from '../support/quiet-readings.ts';

const metrics = new Metrics('1.2.3');
let open: Operations | undefined;
let readiness: Readiness = 'starting';

async function at(path: string, method = 'GET'): Promise<Response> {
  open ??= await openOperations({ host: '127.0.0.1', port: 0 }, metrics, () => readiness);
  return await fetch(`http://127.0.0.1:${open.port}${path}`, { method });
}

afterEach(async () => {
  await open?.close();
  open = undefined;
});

describe('the operators’ port', () => {
  it('gives metrics in the format that Prometheus reads', async () => {
    metrics.readFrom(quietReadings);
    const response = await at('/metrics');
    expect(response.headers.get('content-type')).toContain('text/plain; version=0.0.4');
    expect(await response.text()).toContain('latchkey_build_info{version="1.2.3"');
  });

  it.each([
    ['starting', 503],
    ['ready', 200],
    ['stopping', 503],
  ] as const)('says that it is %s', async (state, status) => {
    readiness = state;
    const response = await at('/readyz');
    expect([response.status, await response.text()]).toEqual([status, `${state}\n`]);
  });

  it('is alive whatever its readiness', async () => {
    readiness = 'stopping';
    expect((await at('/healthz')).status).toBe(200);
  });

  it('has nothing else, and takes nothing', async () => {
    expect((await at('/secrets')).status).toBe(404);
    expect((await at('/metrics', 'POST')).status).toBe(405);
    expect(await (await at('/metrics', 'HEAD')).text()).toBe('');
  });

  it('says which port cannot be had', async () => {
    await at('/healthz');
    const second = openOperations({ host: '127.0.0.1', port: open?.port ?? 0 }, new Metrics('1'), () => 'ready');
    await expect(second).rejects.toMatchObject({ code: 'settings-invalid', message: /operations: 127\.0\.0\.1 port/ });
  });
});
