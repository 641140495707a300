import uPlot from 'uplot';

/** How one chart reads. */
export interface ChartLook {
  readonly label: string;
  /** A value in words. */
  words(value: number): string;
  /** The least that the top of the scale is, so that noise does not look like a storm. */
  readonly topMin: number;
  /** What the lines of the scale may be apart; whole numbers unless told otherwise. */
  readonly steps?: number[];
}

export const windowSeconds = 600;
const windowSecondsMin = 60;
const height = 92;
/** Half of a time’s width, in pixels. */
const labelHalf = 18;

/** A line over the last ten minutes, with the area under it. Its text alternative says the last value and the highest one. */
export class Chart {
  readonly #plot: uPlot;
  readonly #place: HTMLElement;
  readonly #look: ChartLook;

  constructor(place: HTMLElement, look: ChartLook) {
    this.#place = place;
    this.#look = look;
    place.setAttribute('role', 'img');
    this.#plot = new uPlot(options(place, look), [[], []], place);
    new ResizeObserver(() => this.#plot.setSize({ width: place.clientWidth, height })).observe(place);
    matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () => this.#plot.redraw());
  }

  /** Seconds since the epoch, ascending, and a value for each. */
  show(seconds: number[], values: number[]): void {
    this.#plot.setData([seconds, values]);
    const { label, words } = this.#look;
    const highest = values.reduce((most, value) => Math.max(most, value), 0);
    const text = `${label}: ${words(values.at(-1) ?? 0)} now, ${words(highest)} at most in ten minutes`;
    this.#place.setAttribute('aria-label', text);
  }
}

const wholeSteps = [1, 2, 5]
  .flatMap((step) => Array.from({ length: 13 }, (_, at) => step * 10 ** at))
  .sort((a, b) => a - b);

function options(place: HTMLElement, { words, topMin, steps = wholeSteps }: ChartLook): uPlot.Options {
  const color = (name: string) => () => getComputedStyle(place).getPropertyValue(name).trim();
  const font = '11px ui-sans-serif, system-ui, sans-serif';
  const axis = { stroke: color('--quiet'), font, ticks: { show: false } };
  const grid = { stroke: color('--grid'), width: 1 };
  return {
    width: place.clientWidth,
    height,
    legend: { show: false },
    cursor: { y: false, points: { size: 6 }, drag: { x: false, y: false } },
    padding: [6, 6, 0, 0],
    scales: {
      x: { time: true, range: (_, first, last) => period(first ?? 0, last ?? 0) },
      y: { range: (_, __, most) => [0, Math.max(topMin, (most ?? 0) * 1.12)] },
    },
    axes: [
      {
        ...axis,
        size: 20,
        gap: 3,
        grid: { show: false },
        space: 60,
        incrs: [60, 120, 300],
        values: (plot, at) => at.map((second) => (hasRoom(plot, second) ? clockTime(second) : '')),
      },
      {
        ...axis,
        size: (_, labels) => 10 + 6.4 * Math.max(1, ...(labels ?? []).map(({ length }) => length)),
        gap: 4,
        grid,
        space: 24,
        incrs: steps,
        values: (_, at) => at.map((value) => (value === 0 ? '0' : words(value))),
      },
    ],
    series: [
      {},
      {
        stroke: color('--series'),
        width: 1.75,
        fill: (plot) => shade(plot, color('--series')()),
        points: { show: false },
      },
    ],
    hooks: {
      setCursor: [
        (plot) => {
          const at = plot.cursor.idx;
          const [second, value] = at == null ? [] : [plot.data[0][at], plot.data[1]?.[at]];
          place.title = second === undefined || value == null ? '' : `${clockTime(second, true)}  ${words(value)}`;
        },
      ],
    },
  };
}

/** A time at the very left would stand on the scale’s 0, and one at the very right would be cut off. */
function hasRoom(plot: uPlot, second: number): boolean {
  const at = plot.valToPos(second, 'x');
  return at >= labelHalf && at <= plot.bbox.width / devicePixelRatio - labelHalf;
}

/** What there is of the last ten minutes, and a minute at least. */
function period(first: number, last: number): [number, number] {
  return [Math.min(Math.max(first, last - windowSeconds), last - windowSecondsMin), last];
}

function shade({ ctx, bbox }: uPlot, color: string): CanvasGradient {
  const gradient = ctx.createLinearGradient(0, bbox.top, 0, bbox.top + bbox.height);
  gradient.addColorStop(0, `${color}55`);
  gradient.addColorStop(1, `${color}08`);
  return gradient;
}

function clockTime(second: number, whole = false): string {
  return new Date(second * 1000).toLocaleTimeString([], {
    hour: '2-digit',
    minute: '2-digit',
    hour12: false,
    ...(whole && { second: '2-digit' }),
  });
}
