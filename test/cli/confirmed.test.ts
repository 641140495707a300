import { PassThrough } from 'node:stream';
import { text } from 'node:stream/consumers';
import { describe, expect, it } from 'vitest';
import { demandConfirmed } from '../../src/cli/confirmed.ts';
import { codeOf } from '../support/codes.ts';

/** A terminal at which somebody says this, and then goes away. */
function terminal(said: string, isTTY = true) {
  const input = Object.assign(new PassThrough(), { isTTY });
  input.end(said);
  return { input, output: new PassThrough() };
}

describe('what cannot be taken back', () => {
  it.each(['y\n', 'Yes\n', ' YES \n'])('is done when a person at a terminal says %j', async (said) => {
    const { input, output } = terminal(said);
    await demandConfirmed('this burns the house', false, { input, output });
    output.end();
    expect(await text(output)).toBe('this burns the house. Go on? [y/N] ');
  });

  it.each(['\n', 'n\n', 'yesterday\n', ''])('is not when they say %j', async (said) => {
    expect(await codeOf(() => demandConfirmed('this burns the house', false, terminal(said)))).toBe('params-invalid');
  });

  it('is done without a question where --yes was said', async () => {
    const { input, output } = terminal('n\n');
    await demandConfirmed('this burns the house', true, { input, output });
    expect(output.readableLength).toBe(0);
  });

  it('wants --yes where there is no terminal, whatever comes in', async () => {
    const asked = demandConfirmed('this burns the house', false, terminal('y\n', false));
    await expect(asked).rejects.toThrow('this burns the house; say so with --yes');
  });
});
