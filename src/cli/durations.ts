import { InvalidArgumentError } from 'commander';

const secondsPer = { s: 1, m: 60, h: 3_600, d: 86_400 } as const;

/** Reads `90`, `90s`, `15m`, `8h` or `7d` as seconds; a bare number is seconds. */
export function durationSeconds(text: string): number {
  const unit = text.at(-1) ?? '';
  const known = Object.hasOwn(secondsPer, unit) ? secondsPer[unit as keyof typeof secondsPer] : undefined;
  const amount = Number(known === undefined ? text : text.slice(0, -1));
  if (text === '' || !Number.isFinite(amount) || amount <= 0) {
    throw new InvalidArgumentError('Give a time such as 90s, 15m, 8h or 7d.');
  }
  return Math.round(amount * (known ?? 1));
}

/** Reads an ISO 8601 time, or a duration from now such as `7d`, as milliseconds since the epoch. */
export function momentMs(text: string): number {
  const isTime = /^\d{4}-/.test(text);
  const isDuration = /^[\d.]+[smhd]?$/.test(text);
  const atMs = isTime ? Date.parse(text) : isDuration ? Date.now() + durationSeconds(text) * 1000 : Number.NaN;
  if (Number.isNaN(atMs)) throw new InvalidArgumentError('Give a time such as 2030-01-31T18:00:00Z, or 7d from now.');
  return atMs;
}

/** Reads a whole number from `min` to `max`. */
export function integerFrom(min: number, max: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (!Number.isInteger(value) || value < min || value > max) {
      throw new InvalidArgumentError(`Give a whole number from ${min} to ${max}.`);
    }
    return value;
  };
}

/** Reads an ISO 8601 time, or how long ago it is such as `2h`, as milliseconds since the epoch. */
export function pastMs(text: string): number {
  const isTime = /^\d{4}-/.test(text);
  const isDuration = /^[\d.]+[smhd]?$/.test(text);
  const atMs = isTime ? Date.parse(text) : isDuration ? Date.now() - durationSeconds(text) * 1000 : Number.NaN;
  if (Number.isNaN(atMs))
    throw new InvalidArgumentError('Give a time such as 2026-01-31T18:00:00Z, or 2h for two hours ago.');
  return atMs;
}
