import { format, inspect } from 'node:util';
import { describe, expect, it } from 'vitest';
import { Redacted } from '../../src/base/index.ts';

const secret = 'hunter2';
const redacted = new Redacted(secret);

function thrownWith(value: unknown): Error {
  return new Error(`no entry for ${value}`, { cause: value });
}

describe('a redacted value', () => {
  it.each<[string, () => string]>([
    ['JSON', () => JSON.stringify(redacted)],
    ['JSON around it', () => JSON.stringify({ token: [redacted] })],
    ['a template', () => `${redacted}`],
    ['String()', () => String(redacted)],
    ['a sum of texts', () => ['token: ', redacted].join('')],
    ['inspect', () => inspect(redacted)],
    ['inspect around it', () => inspect({ token: { deep: [redacted] } }, { depth: 9, showHidden: true })],
    [
      'inspect with everything shown',
      () => inspect(redacted, { showHidden: true, getters: true, customInspect: true }),
    ],
    ['%s', () => format('%s', redacted)],
    ['%o', () => format('%o', redacted)],
    ['%O', () => format('%O', redacted)],
    ['%j', () => format('%j', redacted)],
    ['an error’s message', () => thrownWith(redacted).message],
    ['an error with it as its cause', () => inspect(thrownWith(redacted))],
  ])('is [redacted] in %s', (_, print) => {
    expect(print()).toContain('[redacted]');
    expect(print()).not.toContain(secret);
  });

  it.each<[string, () => unknown]>([
    ['its members', () => Object.entries(redacted)],
    ['all its names', () => Reflect.ownKeys(redacted)],
    ['a copy', () => ({ ...redacted })],
    ['a clone', () => structuredClone(redacted)],
    ['inspection without its own say', () => inspect(redacted, { customInspect: false, showHidden: true })],
  ])('shows nothing through %s', (_, look) => {
    expect(inspect(look())).not.toContain(secret);
  });

  it('is given out when it is asked for by name', () => {
    expect(redacted.reveal()).toBe(secret);
  });

  it('is given out as it was put in', () => {
    const value = { user: 'a' };
    expect(new Redacted(value).reveal()).toBe(value);
  });
});
