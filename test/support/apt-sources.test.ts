import { describe, expect, it } from 'vitest';
import { mirrorOf } from './apt-sources.ts';

const paragraphs = `Types: deb
# A comment.
URIs: http://mirror.test/debian https://second.test/debian
Suites: bookworm bookworm-updates
Components: main contrib
Signed-By: /usr/share/keyrings/archive.gpg

Types: deb
URIs: http://mirror.test/debian-security
Suites: bookworm-security
Components: main
`;

describe('the mirror of a release', () => {
  it('is found in paragraphs', () => {
    expect(mirrorOf('bookworm', [{ name: 'debian.sources', text: paragraphs }])).toEqual({
      uri: 'http://mirror.test/debian',
      signedBy: '/usr/share/keyrings/archive.gpg',
    });
  });

  it('is found in lines, with options and without', () => {
    const text = '# deb http://old.test bookworm main\ndeb-src http://source.test bookworm main\n';
    const plain = `${text}deb http://mirror.test/debian bookworm main contrib # why\n`;
    expect(mirrorOf('bookworm', [{ name: 'sources.list', text: plain }])).toEqual({
      uri: 'http://mirror.test/debian',
      signedBy: undefined,
    });
    const options = 'deb [arch=amd64 signed-by=/k.gpg] http://mirror.test/debian bookworm main\n';
    expect(mirrorOf('bookworm', [{ name: 'sources.list', text: options }])).toEqual({
      uri: 'http://mirror.test/debian',
      signedBy: '/k.gpg',
    });
  });

  it.each([
    ['another release', 'Types: deb\nURIs: http://a.test\nSuites: bullseye\nComponents: main\n'],
    ['its security updates', 'Types: deb\nURIs: http://a.test\nSuites: bookworm-security\nComponents: main\n'],
    ['its sources', 'Types: deb-src\nURIs: http://a.test\nSuites: bookworm\nComponents: main\n'],
    ['other components', 'Types: deb\nURIs: http://a.test\nSuites: bookworm\nComponents: contrib\n'],
    ['what is switched off', 'Enabled: no\nTypes: deb\nURIs: http://a.test\nSuites: bookworm\nComponents: main\n'],
    ['nothing', ''],
  ])('is not that of %s', (_, text) => {
    expect(mirrorOf('bookworm', [{ name: 'a.sources', text }])).toBeUndefined();
  });
});
