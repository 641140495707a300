/** The picture's size in pixels, and how long and how fast a clip runs. Each motion ends where it began. */
export const width = 640;
export const height = 360;
export const framesPerSecond = 15;
export const seconds = 8;
export const frames = framesPerSecond * seconds;

/** One picture of a scene as SVG elements; `t` is the place in the loop, 0 up to 1. */
export type Scene = (t: number) => string;

/** A swing between -1 and 1 that makes a whole number of `cycles` in one loop. */
export function swing(t: number, cycles: number, phase = 0): number {
  return Math.sin(2 * Math.PI * (cycles * t + phase));
}

/** 0 before `from`, 1 after `to`, and an eased way between. */
export function ease(t: number, from: number, to: number): number {
  const x = Math.min(1, Math.max(0, (t - from) / (to - from)));
  return x * x * (3 - 2 * x);
}

/** A generator of the same numbers in [0, 1) for the same seed, so that every frame draws the same leaves. */
export function dice(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
}

export function repeat(count: number, draw: (index: number) => string): string {
  return Array.from({ length: count }, (_, index) => draw(index)).join('');
}

export function rect(x: number, y: number, w: number, h: number, fill: string, more = ''): string {
  return `<rect x="${n(x)}" y="${n(y)}" width="${n(w)}" height="${n(h)}" fill="${fill}" ${more}/>`;
}

export function circle(x: number, y: number, r: number, fill: string, more = ''): string {
  return `<circle cx="${n(x)}" cy="${n(y)}" r="${n(r)}" fill="${fill}" ${more}/>`;
}

export function ellipse(x: number, y: number, rx: number, ry: number, fill: string, more = ''): string {
  return `<ellipse cx="${n(x)}" cy="${n(y)}" rx="${n(rx)}" ry="${n(ry)}" fill="${fill}" ${more}/>`;
}

export function path(d: string, fill: string, more = ''): string {
  return `<path d="${d}" fill="${fill}" ${more}/>`;
}

export function stroke(d: string, color: string, thickness: number, more = ''): string {
  return `<path d="${d}" fill="none" stroke="${color}" stroke-width="${n(thickness)}" stroke-linecap="round" stroke-linejoin="round" ${more}/>`;
}

export function group(transform: string, ...parts: string[]): string {
  return `<g transform="${transform}">${parts.join('')}</g>`;
}

/** A gradient from top to bottom; each stop is an offset in percent and a colour. */
export function vertical(id: string, ...stops: [number, string][]): string {
  return `<linearGradient id="${id}" x1="0" y1="0" x2="0" y2="1">${marks(stops)}</linearGradient>`;
}

/** A soft round light that fades to nothing at its edge. */
export function glow(id: string, color: string, strength = 1): string {
  const stops: [number, string, number][] = [
    [0, color, strength],
    [35, color, strength * 0.45],
    [100, color, 0],
  ];
  const inside = stops.map(
    ([offset, fill, opacity]) => `<stop offset="${offset}%" stop-color="${fill}" stop-opacity="${n(opacity)}"/>`,
  );
  return `<radialGradient id="${id}">${inside.join('')}</radialGradient>`;
}

export function n(value: number): string {
  return String(Math.round(value * 100) / 100);
}

function marks(stops: [number, string][]): string {
  return stops.map(([offset, color]) => `<stop offset="${offset}%" stop-color="${color}"/>`).join('');
}
