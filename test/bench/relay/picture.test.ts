import { describe, expect, it } from 'vitest';
import { picture } from '../../../bench/relay/picture.ts';
import { madeRun } from './made-runs.ts';

const barsOf = (svg: string) => [...svg.matchAll(/<rect class="(\w+)" x="\S+" y="\S+" width="([\d.]+)"[^>]*rx/g)];

describe('the picture of what a packet costs', () => {
  it('draws bars in proportion, and latchkey’s apart from the others', () => {
    const svg = picture([madeRun('c-mmsg', { costUs: 2 }), madeRun('latchkey', { costUs: 4 })]);
    const bars = barsOf(svg).filter(([, , width]) => width !== '12');
    expect(bars.map(([, family]) => family)).toEqual(['floor', 'own']);
    const [floor = 0, own = 0] = bars.map(([, , width]) => Number(width));
    expect(own / floor).toBeCloseTo(2, 1);
  });

  it('says which bars are of a relay that lost packets', () => {
    const svg = picture([madeRun('a', { costUs: 3, lost: 500 }), madeRun('b', { costUs: 2, lost: 0 })]);
    expect(svg).toContain('>3.0, loses 50 %<');
    expect(svg).toContain('>2.0<');
  });

  it('has a panel for single packets and one for bursts, and colours for dark', () => {
    const svg = picture([madeRun('a'), madeRun('a', { burst: 10 })]);
    expect(svg).toContain('>Single packets<');
    expect(svg).toContain('>Bursts of 10 (a video frame)<');
    expect(svg).toContain('prefers-color-scheme: dark');
  });
});
