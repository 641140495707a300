import { contestantsOf, costUs, loadsOf, lossOf, medianOf, type Run, runsOf } from './results.ts';
import { rateText } from './tables.ts';

const width = 960;
const top = 92;
const labels = 138;
const panel = { width: 392, gap: 30 };
const bar = { height: 10, gap: 2 };
const rowGap = 12;
/** Room behind the longest bar for what is written there. */
const valueWidth = 84;

const style = `
  text { font: 12px system-ui, -apple-system, 'Segoe UI', 'DejaVu Sans', sans-serif; fill: #1f2328; }
  .title { font-size: 16px; font-weight: 600; }
  .head { font-size: 13px; font-weight: 600; }
  .value { font-size: 10px; }
  .quiet { fill: #59636e; }
  .name { text-anchor: end; }
  .tick { font-size: 10px; text-anchor: middle; }
  .grid { stroke: #d1d9e0; }
  .floor { fill: #6e7781; }
  .other { fill: #218bff; }
  .own { fill: #bf4b00; }
  text.own { font-weight: 600; }
  @media (prefers-color-scheme: dark) {
    text { fill: #f0f6fc; }
    .quiet { fill: #9198a1; }
    .grid { stroke: #3d444d; }
    .floor { fill: #9198a1; }
    .other { fill: #54aeff; }
    .own { fill: #ff9b50; }
  }`;

/** Bars of what a packet costs each contestant at each rate, single packets beside bursts, as an SVG for light and dark. */
export function picture(runs: readonly Run[]): string {
  const loads = loadsOf(runs);
  const rates = [...new Set(loads.map(({ rate }) => rate))];
  const bursts = [...new Set(loads.map(({ burst }) => burst))];
  const names = contestantsOf(runs);
  const rowHeight = rates.length * (bar.height + bar.gap) + rowGap;
  const bottom = top + names.length * rowHeight;
  const costs = runs.length === 0 ? [1] : loads.flatMap((load) => names.map((name) => cost(runs, name, load) ?? 0));
  const perUs = (panel.width - valueWidth) / Math.max(...costs);

  const parts = [
    text(16, 28, 'title', 'What a forwarded packet costs the relay'),
    text(16, 48, 'quiet', 'µs of CPU per 1,200-byte packet, 100 flows, one core. Shorter is better.'),
    ...rates.flatMap((rate, index) =>
      legend(width - 16 - (rates.length - index) * 82, rate, shade(index, rates.length)),
    ),
  ];
  for (const [column, burst] of bursts.entries()) {
    const left = labels + column * (panel.width + panel.gap);
    parts.push(text(left, top - 14, 'head', burst === 1 ? 'Single packets' : `Bursts of ${burst} (a video frame)`));
    parts.push(...grid(left, bottom, perUs));
    for (const [row, name] of names.entries()) {
      for (const [index, rate] of rates.entries()) {
        const y = top + row * rowHeight + rowGap / 2 + index * (bar.height + bar.gap);
        parts.push(...bars(left, y, perUs, runsOf(runs, name, { rate, burst }), shade(index, rates.length)));
      }
    }
  }
  for (const [row, name] of names.entries()) {
    const className = familyOf(name) === 'own' ? 'name own' : 'name';
    parts.push(text(labels - 10, top + (row + 0.5) * rowHeight + 4, className, name));
  }
  const size = `width="${width}" height="${bottom + 30}" viewBox="0 0 ${width} ${bottom + 30}"`;
  const title = '<title>CPU of UDP relays, in microseconds per forwarded packet</title>';
  const head = `<svg xmlns="http://www.w3.org/2000/svg" ${size} role="img">\n${title}\n<style>${style}\n</style>`;
  return `${[head, ...parts, '</svg>'].join('\n')}\n`;
}

function cost(runs: readonly Run[], name: string, load: { rate: number; burst: number }): number | undefined {
  return medianOf(runsOf(runs, name, load), costUs);
}

function bars(left: number, y: number, perUs: number, own: readonly Run[], opacity: number): string[] {
  const us = medianOf(own, costUs);
  const first = own[0];
  if (us === undefined || first === undefined) return [];
  const loss = medianOf(own, lossOf) ?? 0;
  const value = loss < 0.001 ? us.toFixed(1) : `${us.toFixed(1)}, loses ${(loss * 100).toFixed(loss < 0.01 ? 1 : 0)} %`;
  const length = Math.max(1, us * perUs);
  const box = `x="${left}" y="${y}" width="${length.toFixed(1)}" height="${bar.height}"`;
  return [
    `<rect class="${familyOf(first.contestant)}" ${box} rx="1.5" fill-opacity="${opacity}"/>`,
    text(left + length + 4, y + bar.height - 1, 'value quiet', value),
  ];
}

function grid(left: number, bottom: number, perUs: number): string[] {
  const longestUs = (panel.width - valueWidth) / perUs;
  const stepUs = [1, 2, 5, 10, 20, 50].find((step) => longestUs / step <= 6) ?? 100;
  const parts: string[] = [];
  for (let us = 0; us <= longestUs; us += stepUs) {
    const x = (left + us * perUs).toFixed(1);
    parts.push(`<line class="grid" x1="${x}" y1="${top - 4}" x2="${x}" y2="${bottom}"/>`);
    parts.push(text(Number(x), bottom + 14, 'tick quiet', String(us)));
  }
  return parts;
}

function legend(x: number, rate: number, opacity: number): string[] {
  return [
    `<rect class="floor" x="${x}" y="20" width="12" height="${bar.height}" rx="1.5" fill-opacity="${opacity}"/>`,
    text(x + 17, 29, 'quiet', `${rateText(rate)}/s`),
  ];
}

/** Higher rates are darker. */
function shade(index: number, count: number): number {
  return count === 1 ? 1 : Number((0.4 + (0.6 * index) / (count - 1)).toFixed(2));
}

function familyOf(name: string): 'floor' | 'own' | 'other' {
  if (name.startsWith('c-')) return 'floor';
  return name.startsWith('latchkey') ? 'own' : 'other';
}

function text(x: number, y: number, className: string, content: string): string {
  return `<text class="${className}" x="${Number(x.toFixed(1))}" y="${Number(y.toFixed(1))}">${content}</text>`;
}
