import { describe, expect, it } from 'vitest';
import { filesCheck } from '../../../src/cli/doctor/files.ts';
import { kernelCheck } from '../../../src/cli/doctor/kernel.ts';
import { ofBatches, ofMemory, ofNode, ofUws, runtimeCheck } from '../../../src/cli/doctor/runtime.ts';
import { patient, said, sentence } from './support/patient.ts';

const reading = (files: Readonly<Record<string, string>>) => ({ read: (path: string) => files[path] });

describe('the check of file limits', () => {
  const limitsOf = (soft: string, hard: string) =>
    `Limit  Soft Limit  Hard Limit  Units\nMax open files            ${soft}                 ${hard}              files\n`;

  it.each([
    ['a hard limit that is enough', limitsOf('1024', '1048576'), /^ok: this shell may have 1024 files open/],
    ['no limit at all', limitsOf('1024', 'unlimited'), /^ok: /],
    ['a hard limit that is not', limitsOf('1024', '4096'), /^warning: .*→ LimitNOFILE=205120 in \[Service\]/],
    ['a system that does not say', '', /^unknown: /],
  ])('%s', async (_, text, wanted) => {
    const one = patient({ machine: reading({ '/proc/self/limits': text }) });
    expect((await said(filesCheck, one))[0]).toMatch(wanted);
  });

  it('looks at the relay that runs, where there is one', async () => {
    const one = patient({ machine: reading({ '/proc/77/limits': limitsOf('1', '1') }) });
    expect((await said(filesCheck, { ...one, relayProcess: 77 }))[0]).toMatch(
      /^warning: the relay that runs \(process 77\)/,
    );
  });

  it('reads the limits of this very process', async () => {
    expect((await said(filesCheck, patient()))[0]).toMatch(/may have \d+ files open/);
  });
});

describe('the check of the kernel', () => {
  it('compares its bounds with what the relay asks for', async () => {
    const files = { '/proc/sys/net/core/rmem_max': '212992\n', '/proc/sys/net/core/wmem_max': '8388608\n' };
    expect(await said(kernelCheck, patient({ machine: reading(files) }))).toEqual([
      expect.stringMatching(/^warning: net\.core\.rmem_max is 212992.*→ sysctl -w net\.core\.rmem_max=4194304/),
      expect.stringMatching(/^ok: net\.core\.wmem_max is 8388608/),
      expect.stringMatching(/^unknown: net\.core\.somaxconn cannot be read here/),
    ]);
  });
});

describe('the check of the runtime', () => {
  it('looks at what this process runs on', async () => {
    const found = await said(runtimeCheck, patient());
    expect(found).toHaveLength(4);
    expect(found[0]).toBe(`ok: Node.js ${process.versions.node}`);
  });

  it.each([
    ['an old Node.js', ofNode('20.11.0'), /^warning: .*older than/],
    ['uWebSockets.js that is demanded', ofUws('uws', 'no glibc'), /^problem: .*no glibc → set http\.server to auto/],
    ['uWebSockets.js that is wished for', ofUws('auto', 'no glibc'), /^warning: .*no glibc/],
    ['uWebSockets.js that is there', ofUws('auto', undefined), /^ok: /],
    ['batches that are demanded', ofBatches('batched', 'no Linux'), /^problem: .*set relay\.udp to auto/],
    ['batches that are wished for', ofBatches('auto', 'no Linux'), /^warning: /],
    ['too little memory', ofMemory('MemAvailable:  1000000 kB\n', undefined, patient0()), /^warning: 976 MB/],
    ['a control group with too little', ofMemory('MemAvailable: 64000000 kB\n', 1e9, patient0()), /^warning: 953 MB/],
    ['enough memory', ofMemory('MemAvailable: 64000000 kB\n', 0, patient0()), /^ok: /],
    ['memory that nobody tells of', ofMemory(undefined, undefined, patient0()), /^unknown: /],
  ])('%s', (_, finding, wanted) => {
    expect(sentence(finding)).toMatch(wanted);
  });
});

function patient0() {
  return { http: { connectionsMax: 200_000 } } as Parameters<typeof ofMemory>[2];
}
