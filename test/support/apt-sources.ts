/** Where packages of a Debian release come from. */
export interface Mirror {
  readonly uri: string;
  /** The keyring that the source names, where it names one. */
  readonly signedBy: string | undefined;
}

/**
 * The first mirror of the main packages of a release, by its codename, among the texts of apt's source files: `.list`
 * with one source a line, and `.sources` in paragraphs (sources.list(5)). Undefined when there is none.
 */
export function mirrorOf(codename: string, files: readonly { name: string; text: string }[]): Mirror | undefined {
  for (const { name, text } of files) {
    const sources = name.endsWith('.sources') ? paragraphs(text) : lines(text);
    const found = sources.find(
      ({ types, suites, components }) =>
        types.includes('deb') && suites.includes(codename) && components.includes('main'),
    );
    if (found?.uri !== undefined) return { uri: found.uri, signedBy: found.signedBy };
  }
  return undefined;
}

interface Source {
  readonly types: string[];
  readonly uri: string | undefined;
  readonly suites: string[];
  readonly components: string[];
  readonly signedBy: string | undefined;
}

function paragraphs(text: string): Source[] {
  const plain = text.replace(/^#.*\n/gm, '');
  return plain
    .split(/\n\s*\n/)
    .map((paragraph) => new Map([...paragraph.matchAll(/^([\w-]+):[ \t]*(.*(?:\n[ \t].*)*)/gm)].map(field)))
    .filter((fields) => fields.get('enabled')?.toLowerCase() !== 'no')
    .map((fields) => ({
      types: words(fields.get('types')),
      uri: words(fields.get('uris'))[0],
      suites: words(fields.get('suites')),
      components: words(fields.get('components')),
      signedBy: fields.get('signed-by'),
    }));
}

function field([, name = '', value = '']: RegExpMatchArray): [string, string] {
  return [name.toLowerCase(), value];
}

function lines(text: string): Source[] {
  return [...text.matchAll(/^(deb|deb-src)[ \t]+(?:\[([^\]]*)\][ \t]+)?(\S+)[ \t]+(\S+)[ \t]*([^#\n]*)/gm)].map(
    ([, type = '', options, uri, suite = '', components]) => ({
      types: [type],
      uri,
      suites: [suite],
      components: words(components),
      signedBy: /signed-by=(\S+)/.exec(options ?? '')?.[1],
    }),
  );
}

function words(text: string | undefined): string[] {
  return text?.split(/\s+/).filter((word) => word !== '') ?? [];
}
