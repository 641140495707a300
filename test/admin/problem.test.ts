import { describe, expect, it } from 'vitest';
import { problemReply } from '../../src/admin/api.ts';
import { LatchkeyError } from '../../src/base/index.ts';

const parsed = (error: LatchkeyError, isKnown: boolean) => JSON.parse(problemReply(error, isKnown).body);

describe('a problem document', () => {
  const error = new LatchkeyError('params-invalid', 'cam-1 is not what it should be');

  it('says the detail to somebody with a credential, and to nobody else', () => {
    expect(parsed(error, true).detail).toContain('cam-1');
    expect(parsed(error, false)).toEqual({
      type: 'about:blank',
      title: 'Bad Request',
      status: 400,
      detail: 'A parameter is missing, of the wrong type, or out of its bounds.',
      code: 'params-invalid',
    });
  });

  it('says nothing of a fault to anybody', () => {
    expect(JSON.stringify(parsed(new LatchkeyError('internal', 'secret'), true))).not.toContain('secret');
  });
});
