import { expect, it } from 'vitest';
import { isRecord } from '../../src/base/index.ts';

it.each(['{}', '{"a":1}', '{"__proto__":null}'])('%s is an object', (text) => {
  expect(isRecord(JSON.parse(text))).toBe(true);
});

it.each(['null', '[]', '[{}]', '""', '1', 'true'])('%s is none', (text) => {
  expect(isRecord(JSON.parse(text))).toBe(false);
});

it('neither is what is not there', () => {
  expect(isRecord(undefined)).toBe(false);
});
