import { Validator } from '@seriousme/openapi-schema-validator';
import { describe, expect, it } from 'vitest';
import { operations } from '../../src/admin/index.ts';
import { adminWorld, operatorToken } from '../support/admin-world.ts';
import { describedFetch, description } from '../support/described-fetch.ts';
import { generatedFiles } from '../support/generated-files.ts';
import { fileAt } from '../support/source-files.ts';

const described = Object.entries(description.paths).flatMap(([path, item]) =>
  Object.keys(item).map((method) => [method.toUpperCase(), path] as const),
);

describe('the description of the admin API', () => {
  it('is in the repository as the code makes it (npm run docs)', () => {
    expect(fileAt('config/openapi.json').text).toBe(generatedFiles['config/openapi.json']?.());
  });

  it('is valid OpenAPI 3.1', async () => {
    const validator = new Validator();
    const result = await validator.validate(JSON.parse(fileAt('config/openapi.json').text));
    expect([result.errors, result.valid, validator.version]).toEqual([undefined, true, '3.1']);
  });

  it('has every operation once', () => {
    expect(described.length).toBe(Object.keys(operations).length);
  });

  it('is what the node itself gives out', async () => {
    await using world = await adminWorld();
    const ask = describedFetch(world.admin.url, operatorToken);
    expect((await ask('GET', '/v1/openapi.json')).body).toEqual(description);
  });

  it.each(described)('describes a route that is there: %s %s', async (method, path) => {
    await using world = await adminWorld();
    const ask = describedFetch(world.admin.url, operatorToken);
    const { status } = await ask(method, path.replace('{device}', 'cam-1').replace('{feature}', 'sharing'));
    expect([404, 405]).not.toContain(status);
  });

  it('finds an answer that is not as it says', async () => {
    await using world = await adminWorld();
    world.levers.endings = { sessionsEnded: -1, connectionsClosed: 0 };
    const ask = describedFetch(world.admin.url, operatorToken);
    await expect(ask('POST', '/v1/revocations?dryRun=true', { body: { of: 'all' } })).rejects.toThrow(/must be >= 0/);
  });
});
