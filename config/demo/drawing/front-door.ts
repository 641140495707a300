import {
  circle,
  dice,
  ease,
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

/** A porch at dusk in autumn: a maple sways and drops leaves, the lamp flickers a little, somebody walks a dog past. */
export const frontDoor: Scene = (t) =>
  [
    '<defs>',
    vertical('sky', [0, '#2f3f63'], [55, '#8a6a7f'], [100, '#e0936a']),
    vertical('wall', [0, '#6d7f87'], [100, '#54646d']),
    vertical('door', [0, '#1f5a4c'], [100, '#174438']),
    vertical('lawn', [0, '#4c5a3c'], [100, '#38452f']),
    glow('lamp', '#ffd58a', 0.85),
    glow('pane', '#ffdd9c', 0.6),
    '</defs>',
    rect(0, 0, 640, 360, 'url(#sky)'),
    path('M0 205 Q60 180 130 200 T270 196 L270 260 L0 260 Z', '#4d4659'),
    house(t),
    rect(0, 262, 640, 98, 'url(#lawn)'),
    path('M322 262 L402 262 L470 360 L250 360 Z', '#8f8a86'),
    path('M0 316 Q320 306 640 318 L640 352 Q320 340 0 350 Z', '#a39d97'),
    steps,
    tree(t),
    fallingLeaves(t),
    walker(t),
  ].join('');

function house(t: number): string {
  const light = 0.9 + 0.05 * swing(t, 7) + 0.04 * swing(t, 11, 0.3);
  return [
    path('M186 62 L414 -44 L700 62 Z', '#3b4149'),
    rect(206, 58, 460, 206, 'url(#wall)'),
    repeat(12, (i) => rect(206, 70 + i * 16, 460, 1.6, '#4b5a62')),
    rect(196, 54, 470, 9, '#e8e1d6'),
    rect(300, 92, 124, 172, '#ece5da'),
    rect(312, 104, 100, 160, 'url(#door)'),
    rect(323, 116, 78, 44, '#ffe0a3'),
    stroke('M362 116 V160 M323 138 H401', '#ece5da', 3),
    rect(323, 172, 34, 78, '#1a4c40'),
    rect(367, 172, 34, 78, '#1a4c40'),
    circle(402, 196, 4.5, '#d9a94a'),
    rect(399, 204, 6, 12, '#b98d38', 'rx="2"'),
    `<g opacity="${light}">`,
    ellipse(362, 138, 90, 70, 'url(#pane)'),
    circle(272, 122, 78, 'url(#lamp)'),
    '</g>',
    rect(266, 108, 13, 20, '#ffe9b8', 'rx="3"'),
    path('M262 108 L272 98 L283 108 Z', '#2b2f35'),
    rect(264, 128, 17, 4, '#2b2f35'),
    rect(478, 112, 84, 76, '#ece5da'),
    rect(485, 119, 70, 62, '#f3cf8e'),
    stroke('M520 119 V181 M485 150 H555', '#ece5da', 4),
    path('M485 119 H505 Q500 150 488 181 H485 Z', '#d9a66a', 'opacity="0.8"'),
    path('M555 119 H535 Q540 150 552 181 H555 Z', '#d9a66a', 'opacity="0.8"'),
    rect(478, 188, 84, 12, '#7a4b34'),
    repeat(7, (i) =>
      circle(
        486 + i * 12,
        187 + (i % 2) * 3 + swing(t, 2, i / 7),
        6,
        ['#b3563c', '#cf8a45', '#8b3f4c'][i % 3] ?? '#b3563c',
      ),
    ),
  ].join('');
}

const steps = [
  rect(290, 262, 144, 9, '#b9b2aa'),
  rect(282, 271, 160, 10, '#a39c95'),
  rect(274, 281, 176, 10, '#8d8781'),
].join('');

function tree(t: number): string {
  const roll = dice(7);
  const colors = ['#b5472f', '#cf6a35', '#e08a3f', '#9c3a30', '#d97a34'];
  const sway = swing(t, 1) * 3;
  const blobs = repeat(64, (i) => {
    const angle = roll() * Math.PI * 2;
    const far = Math.sqrt(roll());
    const x = 96 + Math.cos(angle) * far * 104;
    const y = 96 + Math.sin(angle) * far * 74;
    const lift = (190 - y) / 150;
    const dx = (sway + swing(t, 2, roll()) * 2.4) * lift;
    return circle(
      x + dx,
      y + swing(t, 2, roll()) * 1.2,
      13 + roll() * 15,
      colors[i % colors.length] ?? '#b5472f',
      'opacity="0.93"',
    );
  });
  return [
    path('M84 320 C92 260 84 220 90 160 L106 160 C108 220 106 262 118 320 Z', '#4a3530'),
    stroke(`M97 210 Q70 180 ${52 + sway} 140 M99 196 Q130 170 ${146 + sway} 132`, '#4a3530', 8),
    blobs,
  ].join('');
}

function fallingLeaves(t: number): string {
  const roll = dice(21);
  return repeat(11, (i) => {
    const p = (t + roll()) % 1;
    const x = 30 + roll() * 190 + swing(p, 2, roll()) * 16 + p * 34;
    const y = 120 + p * (190 + roll() * 30);
    const fade = Math.min(1, p * 8, (1 - p) * 6);
    const color = ['#e08a3f', '#cf6a35', '#b5472f'][i % 3] ?? '#cf6a35';
    return group(
      `translate(${x.toFixed(1)} ${y.toFixed(1)}) rotate(${(p * 720 + i * 40).toFixed(0)})`,
      ellipse(0, 0, 5.5, 3, color, `opacity="${fade.toFixed(2)}"`),
    );
  });
}

function walker(t: number): string {
  const x = -70 + 790 * t;
  const step = t * 12;
  const bob = Math.abs(swing(t, 6)) * 2.4;
  const leg = (phase: number) => {
    const a = swing(step, 0.5, phase) * 17;
    return stroke(`M0 -46 L${(a * 0.55).toFixed(1)} -23 L${a.toFixed(1)} 0`, '#1f2a3a', 9);
  };
  const arm = swing(step, 0.5, 0.5) * 12;
  const person = [
    leg(0),
    leg(0.5),
    path(`M-13 -${44 - bob} Q-15 -86 -7 -92 H7 Q15 -86 13 -${44 - bob} Z`, '#33506e'),
    stroke(`M0 -84 L${arm.toFixed(1)} -52`, '#29425c', 8),
    stroke('M-6 -92 Q0 -87 7 -92', '#d4a54b', 6),
    circle(1, -103, 9.5, '#e3b795'),
    path('M-9 -105 Q-7 -116 2 -115 Q12 -114 11 -105 Q2 -109 -9 -105 Z', '#3a2a26'),
  ];
  const trot = swing(t, 10) * 5;
  const dog = [
    stroke(
      `M-12 -14 L${-12 + trot} 0 M10 -14 L${10 - trot} 0 M-9 -14 L${-9 - trot} 0 M13 -14 L${13 + trot} 0`,
      '#7a5236',
      4,
    ),
    ellipse(0, -18, 18, 8, '#94653f'),
    circle(19, -26, 7.5, '#94653f'),
    ellipse(26, -24, 5, 3.4, '#7a5236'),
    path('M15 -32 L13 -22 L19 -27 Z', '#7a5236'),
    stroke(`M-17 -20 Q-26 -26 -25 ${-32 + trot}`, '#94653f', 4),
  ];
  const shade = 0.35 * ease(t, 0, 0.05);
  return [
    group(
      `translate(${x.toFixed(1)} 340)`,
      ellipse(0, 1, 30, 4, '#000', `opacity="${shade}"`),
      stroke(`M${arm.toFixed(1)} -52 Q30 -32 52 -27`, '#2b2220', 1.6),
      group(`translate(0 ${-bob})`, ...person),
      group('translate(66 0)', ellipse(2, 1, 24, 3, '#000', `opacity="${shade}"`), ...dog),
    ),
  ].join('');
}
