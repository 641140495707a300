/** One line of a value in Prometheus’ text format. */
export interface Series {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

/** Every series of a text in that format, in its order. */
export function seriesIn(text: string): Series[] {
  return [...text.matchAll(/^(\w+)(?:\{(.*)\})? (\S+)$/gm)].map(([, name = '', inside = '', value]) => ({
    name,
    labels: Object.fromEntries(
      [...inside.matchAll(/(\w+)="([^"]*)"/g)].map(([, label = '', text = '']) => [label, text]),
    ),
    value: Number(value),
  }));
}

/** What identifies a series. */
export function keyOf({ name, labels }: Series): string {
  return `${name}${JSON.stringify(Object.entries(labels).sort())}`;
}

/** The sum of the series of that name with these labels, whatever others they have. Throws where there is none. */
export function sumOfSeries(text: string, name: string, labels: Readonly<Record<string, string>> = {}): number {
  const found = seriesIn(text).filter(
    (series) =>
      series.name === name && Object.entries(labels).every(([label, value]) => series.labels[label] === value),
  );
  if (found.length === 0) throw new Error(`no series of ${name} has ${JSON.stringify(labels)}`);
  return found.reduce((sum, { value }) => sum + value, 0);
}
