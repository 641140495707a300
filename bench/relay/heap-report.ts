/** What a media worker allocated while it moved so many packets. */
export interface HeapReport {
  readonly packets: number;
  readonly turns: number;
  /** As the samples have it. */
  readonly bytes: number;
  /** Who took the most of it, the most first. */
  readonly sites: readonly { readonly site: string; readonly bytes: number }[];
}

/** A node of V8's sampling heap profile. */
export interface ProfileNode {
  readonly callFrame: { readonly functionName: string; readonly url: string; readonly lineNumber: number };
  readonly selfSize: number;
  readonly children: readonly ProfileNode[];
}

/** Each function with what it allocated itself, the most first. */
export function sitesOf(head: ProfileNode): HeapReport['sites'] {
  const bytes = new Map<string, number>();
  const open = [head];
  for (let node = open.pop(); node !== undefined; node = open.pop()) {
    const { functionName, url, lineNumber } = node.callFrame;
    const site = `${functionName || '(anonymous)'} ${url.split('/').at(-1) ?? ''}:${lineNumber + 1}`;
    bytes.set(site, (bytes.get(site) ?? 0) + node.selfSize);
    open.push(...node.children);
  }
  return [...bytes]
    .map(([site, size]) => ({ site, bytes: size }))
    .filter(({ bytes: size }) => size > 0)
    .sort((a, b) => b.bytes - a.bytes);
}

/** A Markdown table of the report. */
export function heapTable({ packets, turns, bytes, sites }: HeapReport): string {
  const perPacket = (size: number) => (size / packets).toFixed(3);
  const rows = sites.slice(0, 8).map(({ site, bytes: size }) => `| \`${site}\` | ${size} | ${perPacket(size)} |`);
  return [
    '| allocated by | bytes | bytes per packet |',
    '| --- | ---: | ---: |',
    ...rows,
    `| **all** | ${bytes} | ${perPacket(bytes)} |`,
    '',
    `${packets} packets in ${turns} batches.`,
  ].join('\n');
}
