import {
  circle,
  dice,
  ellipse,
  glow,
  group,
  path,
  rect,
  repeat,
  type Scene,
  stroke,
  swing,
  vertical,
} from './shapes.ts';

/** A garden at noon: clouds form and dissolve, flowers nod, a butterfly makes its round, washing moves in the wind. */
export const garden: Scene = (t) =>
  [
    '<defs>',
    vertical('sky', [0, '#5fa8d8'], [70, '#bfe0ee'], [100, '#e8f3ee']),
    vertical('hill', [0, '#8fb88a'], [100, '#7aa873']),
    vertical('lawn', [0, '#8cc06a'], [100, '#5d9a48']),
    vertical('hedge', [0, '#4f8a4c'], [100, '#35683a']),
    glow('sun', '#fff3c4', 0.9),
    '</defs>',
    rect(0, 0, 640, 360, 'url(#sky)'),
    circle(520, 62, 110, 'url(#sun)'),
    circle(520, 62, 24, '#fff4cf'),
    clouds(t),
    path('M0 196 Q120 138 260 186 T520 176 T640 190 V260 H0 Z', 'url(#hill)'),
    path('M0 214 Q180 182 360 210 T640 202 V270 H0 Z', '#6d9f69'),
    fence,
    hedge(t),
    rect(0, 248, 640, 112, 'url(#lawn)'),
    path('M210 360 Q250 300 232 266 Q226 252 246 248 H276 Q262 256 272 276 Q300 320 290 360 Z', '#d9cbb0'),
    washing(t),
    appleTree(t),
    flowers(t),
    butterfly(t),
  ].join('');

function clouds(t: number): string {
  const roll = dice(4);
  return repeat(7, (i) => {
    const p = (t + i / 7 + roll() * 0.05) % 1;
    const x = roll() * 620 - 40 + 60 * p;
    const y = 34 + roll() * 84;
    const size = 0.6 + roll() * 0.7;
    const seen = Math.sin(Math.PI * p) ** 0.7;
    return `<g opacity="${(seen * 0.95).toFixed(3)}">${group(
      `translate(${x.toFixed(1)} ${y.toFixed(1)}) scale(${size.toFixed(2)})`,
      ellipse(40, 18, 62, 13, '#ffffff'),
      circle(14, 8, 19, '#ffffff'),
      circle(42, -2, 26, '#ffffff'),
      circle(70, 8, 18, '#fafdff'),
    )}</g>`;
  });
}

const fence = [
  repeat(33, (i) => path(`M${i * 20} 212 l6 -7 l6 7 V250 h-12 Z`, '#f4efe4')),
  rect(0, 220, 640, 4, '#e2dac9'),
  rect(0, 238, 640, 4, '#e2dac9'),
].join('');

function hedge(t: number): string {
  const roll = dice(13);
  return repeat(30, (i) => {
    const x = 330 + i * 11;
    return circle(x + swing(t, 1, roll()) * 1, 244 - roll() * 16, 15 + roll() * 8, 'url(#hedge)');
  });
}

function washing(t: number): string {
  const line = 'M292 176 Q372 192 452 174';
  const cloth = (x: number, y: number, w: number, h: number, color: string, phase: number) => {
    const a = swing(t, 2, phase) * 5;
    const b = swing(t, 2, phase + 0.2) * 7;
    return path(
      `M${x} ${y} H${x + w} Q${x + w + a} ${y + h / 2} ${x + w + b} ${y + h} Q${x + w / 2 + b} ${y + h + 4 + a * 0.4} ${x + b} ${y + h} Q${x + a} ${y + h / 2} ${x} ${y} Z`,
      color,
    );
  };
  return [
    rect(288, 166, 5, 96, '#8a6f55'),
    rect(450, 164, 5, 98, '#8a6f55'),
    stroke(line, '#55504a', 1.6),
    cloth(306, 180, 34, 44, '#f6f1e7', 0),
    cloth(348, 184, 28, 36, '#d8705f', 0.15),
    cloth(384, 184, 22, 30, '#5f8fb8', 0.3),
    cloth(412, 181, 30, 42, '#f0d68a', 0.45),
  ].join('');
}

function appleTree(t: number): string {
  const roll = dice(31);
  const greens = ['#5c9a4a', '#4c8a43', '#6dab55', '#437d3e'];
  const sway = swing(t, 1) * 2.5;
  const crown = repeat(46, (i) => {
    const angle = roll() * Math.PI * 2;
    const far = Math.sqrt(roll());
    const x = 112 + Math.cos(angle) * far * 82 + sway + swing(t, 2, roll()) * 1.8;
    return circle(x, 138 + Math.sin(angle) * far * 54, 13 + roll() * 13, greens[i % 4] ?? '#5c9a4a', 'opacity="0.95"');
  });
  const apples = repeat(11, () => circle(52 + roll() * 120 + sway, 110 + roll() * 70, 4.6, '#cf3f36'));
  return [
    ellipse(118, 300, 96, 12, '#2f5a2b', 'opacity="0.28"'),
    path('M100 300 C108 260 102 220 106 176 L122 176 C122 222 124 262 134 300 Z', '#6a4c36'),
    crown,
    apples,
  ].join('');
}

function flowers(t: number): string {
  const roll = dice(55);
  const colors = ['#f2b134', '#e2608a', '#ffffff', '#9a6fc4', '#e9573f'];
  return repeat(34, (i) => {
    const x = 8 + roll() * 450;
    const y = 322 + roll() * 34;
    const h = 20 + roll() * 18;
    const bend = swing(t, 2, x / 240) * 4;
    const color = colors[i % colors.length] ?? '#f2b134';
    return [
      stroke(
        `M${x.toFixed(1)} ${y.toFixed(1)} Q${x.toFixed(1)} ${(y - h / 2).toFixed(1)} ${(x + bend).toFixed(1)} ${(y - h).toFixed(1)}`,
        '#3d7a36',
        2,
      ),
      repeat(5, (k) => {
        const a = (k / 5) * Math.PI * 2;
        return circle(x + bend + Math.cos(a) * 4, y - h + Math.sin(a) * 4, 3.3, color);
      }),
      circle(x + bend, y - h, 2.6, color === '#f2b134' ? '#8a5a18' : '#f5d34f'),
    ].join('');
  });
}

function butterfly(t: number): string {
  const a = t * Math.PI * 2;
  const x = 250 + Math.cos(a) * 150 + Math.sin(a * 3) * 18;
  const y = 262 + Math.sin(a * 2) * 34 + Math.sin(a * 5) * 7;
  const flap = 0.35 + 0.65 * Math.abs(swing(t, 18));
  return group(
    `translate(${x.toFixed(1)} ${y.toFixed(1)}) rotate(${(Math.cos(a) * 24).toFixed(0)})`,
    ellipse(-7 * flap, -4, 8 * flap, 8, '#f28a2e'),
    ellipse(7 * flap, -4, 8 * flap, 8, '#f28a2e'),
    ellipse(-5 * flap, 6, 6 * flap, 6, '#f7b25a'),
    ellipse(5 * flap, 6, 6 * flap, 6, '#f7b25a'),
    ellipse(0, 0, 1.8, 8, '#3a2a22'),
  );
}
