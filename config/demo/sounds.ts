import { dice, seconds } from './drawing/shapes.ts';

export const sampleRate = 48_000;
const samples = sampleRate * seconds;

/** One loop of a sound as samples between -1 and 1. Each one ends as it began. */
export type Sound = () => Float32Array;

/** Wind in the leaves, and a wind chime now and then. */
export const wind: Sound = () => {
  const out = noise(5, 0.02);
  shape(out, (t) => 0.5 + 0.3 * Math.sin(2 * Math.PI * t) + 0.2 * Math.sin(2 * Math.PI * 3 * t + 1));
  for (const [at, pitch] of [
    [1, 880],
    [1.3, 1174.7],
    [4.6, 987.8],
    [4.8, 784],
    [6.4, 1318.5],
  ] as const)
    bell(out, at, pitch, 0.035, 3);
  return out;
};

/** Two birds that answer each other over a quiet garden. */
export const birds: Sound = () => {
  const out = noise(9, 0.01);
  shape(out, () => 0.25);
  for (const at of [0.4, 0.62, 0.84, 3.1, 3.32, 5.9, 6.12, 6.34]) chirp(out, at, 2600, 3500, 0.11, 0.09);
  for (const at of [1.7, 1.95, 4.4, 4.65, 7.2]) chirp(out, at, 3900, 3000, 0.16, 0.06);
  return out;
};

/** Waves at a quay, and a buoy's bell. */
export const waves: Sound = () => {
  const out = noise(11, 0.035);
  shape(out, (t) => 0.18 + 0.82 * Math.max(0, Math.sin(2 * Math.PI * 2 * t - 1)) ** 2);
  for (const at of [0.8, 4.8]) bell(out, at, 415.3, 0.05, 1.6);
  return out;
};

/** A music box that plays eight slow notes. */
export const lullaby: Sound = () => {
  const out = new Float32Array(samples);
  const notes = [523.25, 659.25, 783.99, 659.25, 587.33, 698.46, 783.99, 523.25];
  notes.forEach((pitch, index) => {
    bell(out, index + 0.05, pitch, 0.16, 2.2);
    if (index % 2 === 0) bell(out, index + 0.05, pitch / 2, 0.07, 1.6);
  });
  return out;
};

/** Soft noise through a one-pole low-pass; its end is faded into its beginning, so that the loop has no seam. */
function noise(seed: number, cutoff: number): Float32Array {
  const roll = dice(seed);
  const seam = sampleRate / 2;
  const raw = new Float32Array(samples + seam);
  let low = 0;
  for (let i = 0; i < raw.length; i++) {
    low += cutoff * (roll() * 2 - 1 - low);
    raw[i] = low;
  }
  return Float32Array.from({ length: samples }, (_, i) => {
    const mix = Math.min(1, i / seam);
    return (raw[i] ?? 0) * mix + (raw[i + samples] ?? 0) * (1 - mix);
  });
}

function shape(out: Float32Array, loudness: (t: number) => number): void {
  for (let i = 0; i < out.length; i++) out[i] = (out[i] ?? 0) * loudness(i / out.length);
}

/** A struck bell with one overtone, which rings on over the end of the loop into its beginning. */
function bell(out: Float32Array, at: number, pitch: number, loudness: number, decay: number): void {
  for (let i = 0; i < 2.5 * sampleRate; i++) {
    const t = i / sampleRate;
    const ring = Math.min(1, t * 400) * Math.exp(-t * decay);
    const tone = Math.sin(2 * Math.PI * pitch * t) + 0.3 * Math.sin(2 * Math.PI * pitch * 2.76 * t) * Math.exp(-t * 6);
    add(out, at, i, tone * ring * loudness);
  }
}

function chirp(out: Float32Array, at: number, from: number, to: number, length: number, loudness: number): void {
  let phase = 0;
  for (let i = 0; i < length * sampleRate; i++) {
    const p = i / (length * sampleRate);
    phase += (2 * Math.PI * (from + (to - from) * p + 180 * Math.sin(p * 20))) / sampleRate;
    add(out, at, i, Math.sin(phase) * Math.sin(Math.PI * p) ** 2 * loudness);
  }
}

function add(out: Float32Array, at: number, offset: number, value: number): void {
  const i = (Math.round(at * sampleRate) + offset) % out.length;
  out[i] = (out[i] ?? 0) + value;
}
