import { type ErrorCode, LatchkeyError } from '../../src/base/index.ts';

/** The code that some work is refused with; `done` when it is not. What is not one of our errors is thrown on. */
export async function codeOf(work: unknown): Promise<ErrorCode | 'done'> {
  try {
    await (typeof work === 'function' ? work() : work);
    return 'done';
  } catch (thrown) {
    if (thrown instanceof LatchkeyError) return thrown.code;
    throw thrown;
  }
}
