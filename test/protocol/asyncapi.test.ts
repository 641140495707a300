import { describe, expect, it } from 'vitest';
import { endReasons, errorTable } from '../../src/base/index.ts';
import { asyncApi } from '../support/asyncapi/document.ts';
import { faultsOfDocument } from '../support/asyncapi/validator.ts';
import { generatedFiles } from '../support/generated-files.ts';
import { fileAt } from '../support/source-files.ts';

const document = JSON.parse(fileAt('config/asyncapi.json').text);

describe('config/asyncapi.json', () => {
  it.each(Object.entries(generatedFiles))('%s is as the code is now (npm run docs)', (name, make) => {
    expect(fileAt(name).text).toBe(make());
  });

  it('is AsyncAPI 3, by its own schema', () => {
    expect(faultsOfDocument(document)).toEqual([]);
  });

  it('would not be with a member that AsyncAPI does not know, or without one that it demands', () => {
    const { info: _, ...without } = document;
    expect(faultsOfDocument(without)).not.toEqual([]);
    expect(faultsOfDocument({ ...document, surprise: true })).not.toEqual([]);
  });

  it('points at nothing that is not there', () => {
    const pointers = [...JSON.stringify(document).matchAll(/"\$ref":"#\/([^"]+)"/g)].map(([, path = '']) => path);
    const missing = pointers.filter(
      (path) =>
        path.split('/').reduce<unknown>((at, key) => (at as Record<string, unknown> | undefined)?.[key], document) ===
        undefined,
    );
    expect([pointers.length > 100, missing]).toEqual([true, []]);
  });

  it('has every error, end and close code of the tables', () => {
    const { RelayError, EndOfSession } = document.components.schemas;
    const reasons = (schema: { oneOf: { properties: { data: { properties: { reason: { const: string } } } } }[] }) =>
      schema.oneOf.map((each) => each.properties.data.properties.reason.const);
    expect(reasons(RelayError)).toEqual(Object.keys(errorTable));
    expect(reasons(EndOfSession)).toEqual(Object.keys(endReasons));
    const closes = new Set(
      Object.values(errorTable).flatMap((entry) => ('close' in entry ? [String(entry.close)] : [])),
    );
    for (const end of ['camera', 'viewer']) {
      expect(Object.keys(document.channels[end]['x-close-codes']).sort()).toEqual([...closes, '1001'].sort());
    }
  });

  it('is made of the code, and not kept', () => {
    expect(asyncApi()).toEqual(document);
  });
});
