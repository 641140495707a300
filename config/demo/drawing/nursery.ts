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

/** A nursery in the evening: a mobile turns above the cot, the night light breathes, the curtain moves, a child sleeps. */
export const nursery: Scene = (t) =>
  [
    '<defs>',
    vertical('wall', [0, '#c9cfe6'], [100, '#e9dfe6']),
    vertical('night', [0, '#1f2c55'], [100, '#4c5f97']),
    vertical('floor', [0, '#c79f7c'], [100, '#a8805f']),
    glow('light', '#ffd9a0', 0.9),
    '</defs>',
    rect(0, 0, 640, 360, 'url(#wall)'),
    wallpaper,
    rect(0, 296, 640, 64, 'url(#floor)'),
    rect(0, 290, 640, 7, '#f6f1f2'),
    window(t),
    shelf(t),
    ellipse(280, 330, 230, 24, '#d8c3d6'),
    ellipse(280, 330, 190, 18, '#e6d6e3'),
    cot(t),
    mobile(t),
  ].join('');

const wallpaper = repeat(60, (i) => {
  const x = (i % 12) * 58 + (Math.floor(i / 12) % 2) * 29 + 8;
  const y = Math.floor(i / 12) * 58 + 20;
  return path(star(x, y, 5), '#ffffff', 'opacity="0.38"');
});

function window(t: number): string {
  const move = swing(t, 1) * 5;
  const roll = dice(3);
  return [
    rect(34, 52, 128, 148, '#f8f5f2', 'rx="4"'),
    rect(42, 60, 112, 132, 'url(#night)'),
    repeat(16, () =>
      circle(
        46 + roll() * 104,
        64 + roll() * 100,
        0.9 + roll(),
        '#fff',
        `opacity="${(0.55 + 0.4 * swing(t, 2, roll())).toFixed(2)}"`,
      ),
    ),
    circle(122, 92, 15, '#f4ecd0'),
    circle(129, 87, 13, '#2b3966'),
    path('M42 192 V170 Q70 156 98 168 T154 164 V192 Z', '#26345f'),
    stroke('M98 60 V192 M42 126 H154', '#f8f5f2', 5),
    path(`M28 44 H70 Q${62 + move} 120 ${48 + move * 1.6} 214 H26 Z`, '#e8a7a1'),
    path(`M168 44 H126 Q${134 + move} 120 ${148 + move * 1.6} 214 H170 Z`, '#e8a7a1'),
    stroke(
      `M44 48 Q${44 + move * 0.6} 130 ${36 + move} 210 M152 48 Q${152 + move * 0.6} 130 ${160 + move} 210`,
      '#d68f8a',
      2,
    ),
    rect(20, 38, 156, 7, '#8d6a55', 'rx="3"'),
  ].join('');
}

function shelf(t: number): string {
  const breath = 0.82 + 0.18 * swing(t, 1, 0.25);
  return [
    rect(470, 150, 150, 8, '#a87e5e', 'rx="2"'),
    ...[0, 1, 2, 3, 4].map((i) =>
      rect(
        478 + i * 13,
        114 + (i % 3) * 5,
        11,
        36 - (i % 3) * 5,
        ['#d9796b', '#6f9bb8', '#e5b85c', '#7fae8a', '#9a86bd'][i] ?? '#d9796b',
        'rx="1.5"',
      ),
    ),
    ellipse(572, 140, 13, 12, '#b98a63'),
    circle(572, 122, 10, '#b98a63'),
    circle(564, 114, 4.5, '#a57650'),
    circle(580, 114, 4.5, '#a57650'),
    circle(569, 121, 1.4, '#33231a'),
    circle(576, 121, 1.4, '#33231a'),
    ellipse(572.5, 126, 3.6, 2.8, '#dcb58f'),
    `<g opacity="${breath.toFixed(3)}">${circle(440, 268, 118, 'url(#light)')}</g>`,
    path('M424 284 Q420 258 440 252 Q460 258 456 284 Z', '#ffeccb'),
    rect(428, 284, 24, 7, '#a87e5e', 'rx="2"'),
  ].join('');
}

function cot(t: number): string {
  const breath = swing(t, 2) * 2.2;
  return [
    rect(148, 214, 8, 118, '#f3ebe2', 'rx="3"'),
    rect(392, 214, 8, 118, '#f3ebe2', 'rx="3"'),
    rect(154, 280, 240, 30, '#fbf6ee'),
    ellipse(206, 268, 38, 13, '#ffffff'),
    circle(210, 256, 19, '#f0c7ab'),
    path('M192 252 Q196 234 213 236 Q229 239 229 254 Q216 243 192 252 Z', '#7a5238'),
    stroke('M214 257 q4 3 8 0', '#8a5c48', 1.8),
    circle(224, 263, 3.4, '#eaa795'),
    path(`M222 284 Q236 ${250 - breath} 286 ${252 - breath} Q350 ${252 - breath * 0.7} 390 280 V304 H222 Z`, '#8fb4cf'),
    stroke(`M228 280 Q242 ${258 - breath} 288 ${260 - breath} Q346 ${260 - breath * 0.7} 386 284`, '#b9d3e4', 5),
    repeat(6, (i) => path(star(258 + i * 22, 281 - breath * 0.5 + (i % 2) * 9, 4.4), '#f6e7b4')),
    repeat(14, (i) => rect(163 + i * 17, 228, 5, 90, '#fbf6ee', 'rx="2"')),
    rect(146, 222, 256, 9, '#f3ebe2', 'rx="4"'),
    rect(146, 312, 256, 10, '#f3ebe2', 'rx="4"'),
  ].join('');
}

function mobile(t: number): string {
  const toys = [0, 1, 2, 3, 4].map((i) => {
    const a = (t + i / 5) * Math.PI * 2;
    const depth = Math.sin(a);
    return {
      i,
      x: 274 + Math.cos(a) * 92,
      y: 92 + depth * 13,
      depth,
      drop: 46 + (i % 2) * 16 + swing(t, 2, i / 5) * 2,
    };
  });
  toys.sort((a, b) => a.depth - b.depth);
  const hung = toys.map(({ i, x, y, depth, drop }) => {
    const size = 1 + depth * 0.2;
    return [
      stroke(`M274 76 L${x.toFixed(1)} ${y.toFixed(1)}`, '#a87e5e', 3),
      stroke(`M${x.toFixed(1)} ${y.toFixed(1)} V${(y + drop).toFixed(1)}`, '#8b8496', 1.2),
      group(`translate(${x.toFixed(1)} ${(y + drop + 10).toFixed(1)}) scale(${size.toFixed(3)})`, toy[i] ?? ''),
    ].join('');
  });
  return [stroke('M274 0 V76', '#8b8496', 2.2), ...hung, circle(274, 76, 6, '#a87e5e')].join('');
}

const toy = [
  path(star(0, 4, 17), '#f2c14e'),
  [circle(0, 4, 14, '#f6ead0'), circle(6, 0, 12, '#d6d4e4')].join(''),
  [ellipse(0, 6, 20, 9, '#ffffff'), circle(-8, 1, 9, '#ffffff'), circle(5, -1, 11, '#ffffff')].join(''),
  [circle(0, 4, 12, '#d9796b'), stroke('M-19 8 Q0 14 19 0', '#f0c9a0', 3)].join(''),
  [
    path('M0 -10 Q12 4 7 18 H-7 Q-12 4 0 -10 Z', '#6f9bb8'),
    circle(0, 4, 4, '#eef4f8'),
    path('M-7 14 L-14 22 L-6 19 Z M7 14 L14 22 L6 19 Z', '#d9796b'),
  ].join(''),
];

function star(x: number, y: number, size: number): string {
  const points = Array.from({ length: 10 }, (_, i) => {
    const r = i % 2 === 0 ? size : size * 0.45;
    const a = (i / 10) * Math.PI * 2 - Math.PI / 2;
    return `${(x + Math.cos(a) * r).toFixed(1)} ${(y + Math.sin(a) * r).toFixed(1)}`;
  });
  return `M${points.join(' L')} Z`;
}
