/** A number as it is read at a glance, and its unit. */
export interface Figure {
  readonly text: string;
  readonly unit: string;
}

/** 1234567 is `1,234,567`. */
export function whole(value: number): string {
  return Math.round(value).toLocaleString('en-US');
}

/** 1234567 is `1.23M`; what has five digits or fewer is whole. */
export function compact(value: number): string {
  if (value < 100_000) return whole(value);
  return value.toLocaleString('en-US', { notation: 'compact', maximumSignificantDigits: 3 });
}

/** `1 fault`, `2 faults`. */
export function counted(count: number, what: string): string {
  return `${whole(count)} ${what}${count === 1 ? '' : 's'}`;
}

/** Per second; a few with one digit behind the point. */
export function rate(value: number): Figure {
  return { text: small(value), unit: '/s' };
}

export function bitsPerSecond(value: number): Figure {
  return scaled(value, 1_000, ['bit/s', 'kbit/s', 'Mbit/s', 'Gbit/s', 'Tbit/s']);
}

export function bytes(value: number): Figure {
  return scaled(value, 1_024, ['B', 'KiB', 'MiB', 'GiB', 'TiB']);
}

export function milliseconds(value: number): Figure {
  return { text: small(value), unit: 'ms' };
}

/** `3 d 4 h`, `4 h 5 min`, `5 min 6 s` or `6 s`. */
export function duration(seconds: number): string {
  const left = Math.max(0, Math.floor(seconds));
  const parts: [number, string][] = [
    [Math.floor(left / 86_400), 'd'],
    [Math.floor(left / 3_600) % 24, 'h'],
    [Math.floor(left / 60) % 60, 'min'],
    [left % 60, 's'],
  ];
  const first = parts.findIndex(([count]) => count > 0);
  const shown = first < 0 ? parts.slice(-1) : parts.slice(first, first + 2);
  return shown.map(([count, unit]) => `${count} ${unit}`).join(' ');
}

export function inWords({ text, unit }: Figure): string {
  return `${text}${unit.startsWith('/') ? '' : ' '}${unit}`;
}

/** Of what is less than ten, one digit behind the point, where there is any. */
function small(value: number): string {
  return value >= 0.05 && value < 10 && !Number.isInteger(value) ? value.toFixed(1) : whole(value);
}

function scaled(value: number, step: number, units: readonly string[]): Figure {
  let at = 0;
  let left = value;
  while (left >= step && at < units.length - 1) {
    left /= step;
    at++;
  }
  return { text: at === 0 || left >= 100 ? whole(left) : left.toPrecision(left < 10 ? 2 : 3), unit: units[at] ?? '' };
}
