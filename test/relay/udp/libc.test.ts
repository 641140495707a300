import { constants } from 'node:os';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { limits } from '../../../src/base/index.ts';
import { errorName, loadLibc, wishForLargePages } from '../../../src/relay/udp/libc.ts';

afterEach(() => {
  vi.doUnmock('koffi');
});

describe('the calls of the C library', () => {
  test('are there on Linux', async () => {
    const libc = await loadLibc();
    if (typeof libc === 'string') throw new Error(libc);
    expect(libc.close(-1)).toBe(-1);
    expect(errorName(libc.errno())).toBe('EBADF');
    expect(libc.recvmmsg(-1, 0n, 1, 0)).toBe(-1);
    expect(libc.sendmmsg(-1, 0n, 1, 0)).toBe(-1);
    expect(errorName(libc.errno())).toBe('EBADF');
  });

  test('give the address of memory, and of a place within it', async () => {
    const libc = await loadLibc();
    if (typeof libc === 'string') throw new Error(libc);
    const memory = Buffer.from(new ArrayBuffer(1_000_000));
    expect(libc.address(memory.subarray(1_234)) - libc.address(memory)).toBe(1_234n);
  });

  test.each([0, 65_535, 131_071, 1_000_000, 8_000_000])(
    'are asked for large pages of memory of %i bytes, and of no byte beside it',
    async (bytes) => {
      const libc = await loadLibc();
      if (typeof libc === 'string') throw new Error(libc);
      const memory = new ArrayBuffer(bytes);
      const begin = libc.address(new Uint8Array(memory));
      const asked: { from: bigint; bytes: number }[] = [];
      const madvise: typeof libc.madvise = (from, length, advice) => {
        asked.push({ from, bytes: length });
        return libc.madvise(from, length, advice);
      };
      wishForLargePages({ ...libc, madvise }, memory);
      for (const one of asked) {
        expect(one.from >= begin && one.from + BigInt(one.bytes) <= begin + BigInt(bytes)).toBe(true);
      }
      // Between one and two pages it depends on where the memory lies.
      expect(asked.length).toBe(bytes < 65_536 ? 0 : bytes < 131_072 ? asked.length : 1);
    },
  );

  test.each(['darwin', 'win32', 'freebsd'] as const)('are not had on %s, and it says so', async (platform) => {
    expect(await loadLibc({ platform, arch: 'x64' })).toBe(`batched system calls are Linux’s, and this is ${platform}`);
  });

  test.each(['ia32', 'riscv64', 's390x'] as const)('are not known for %s, and it says so', async (arch) => {
    expect(await loadLibc({ platform: 'linux', arch })).toBe(`batched system calls are not known for ${arch}`);
  });

  test('are not had without koffi, and it says why in few words', async () => {
    vi.doMock('koffi', () => {
      throw new Error('no binary for this system');
    });
    expect(await loadLibc()).toMatch(/^koffi cannot be loaded: /);

    vi.doMock('koffi', () => ({
      default: {
        load() {
          throw new Error('x'.repeat(10_000));
        },
      },
    }));
    expect(await loadLibc()).toBe(`koffi cannot be loaded: ${'x'.repeat(limits.reasonCharactersMax)}`);
  });
});

describe('the name of an error', () => {
  test('is the system’s', () => {
    expect(errorName(constants.errno.EADDRINUSE)).toBe('EADDRINUSE');
    expect(errorName(constants.errno.EWOULDBLOCK)).toBe('EAGAIN');
    expect(errorName(12_345)).toBe('error 12345');
    expect(errorName(0)).toBe('error 0');
  });
});
