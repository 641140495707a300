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

/** A driveway above a harbour at night: a lighthouse turns, the water glitters, a car comes home and drives off again. */
export const driveway: Scene = (t) =>
  [
    '<defs>',
    vertical('sky', [0, '#0d1a33'], [70, '#24446b'], [100, '#4b6f8f']),
    vertical('sea', [0, '#23496a'], [100, '#12273f']),
    vertical('ground', [0, '#39424d'], [100, '#262d36']),
    vertical('garage', [0, '#77808a'], [100, '#5b646e']),
    '<linearGradient id="beam" x1="0" y1="0" x2="1" y2="0"><stop offset="0%" stop-color="#fff2c0" stop-opacity="0.8"/><stop offset="100%" stop-color="#fff2c0" stop-opacity="0"/></linearGradient>',
    glow('lamp', '#ffdf9a', 0.7),
    glow('moon', '#dfe9f5', 0.5),
    '</defs>',
    rect(0, 0, 640, 360, 'url(#sky)'),
    stars(t),
    circle(306, 50, 60, 'url(#moon)'),
    circle(306, 50, 17, '#eef3f7'),
    circle(313, 46, 15, '#152742', 'opacity="0.35"'),
    path('M0 176 Q70 156 150 168 T330 164 L330 190 H0 Z', '#16273d'),
    rect(0, 182, 640, 60, 'url(#sea)'),
    water(t),
    boat(t),
    lighthouse(t),
    house(t),
    path('M0 234 Q200 222 640 232 V360 H0 Z', 'url(#ground)'),
    path('M420 238 H596 L560 360 H150 Z', '#4d5661'),
    stroke('M418 240 L156 356', '#6a747f', 2.5),
    bollards,
    car(t),
  ].join('');

function stars(t: number): string {
  const roll = dice(9);
  return repeat(60, () => {
    const x = roll() * 640;
    const y = roll() * 130;
    const shine = 0.45 + 0.4 * swing(t, 1 + Math.floor(roll() * 3), roll());
    return circle(x, y, 0.7 + roll() * 0.9, '#ffffff', `opacity="${Math.max(0.08, shine).toFixed(2)}"`);
  });
}

function water(t: number): string {
  const roll = dice(17);
  return repeat(44, () => {
    const y = 188 + roll() * 44;
    const x = roll() * 420 + swing(t, 1, roll()) * 6;
    const long = 6 + roll() * 24 * ((y - 170) / 60);
    const shine = 0.16 + 0.16 * swing(t, 2 + Math.floor(roll() * 2), roll());
    return rect(x, y, long, 1.6, '#cfe4f2', `opacity="${Math.max(0, shine).toFixed(2)}" rx="0.8"`);
  });
}

function boat(t: number): string {
  const rock = swing(t, 2) * 2.5;
  return group(
    `translate(236 ${(206 + swing(t, 2, 0.2) * 1.5).toFixed(1)}) rotate(${rock.toFixed(2)})`,
    path('M-32 0 H34 Q28 14 18 14 H-20 Q-30 12 -32 0 Z', '#b84a3a'),
    rect(-30, 0, 62, 3, '#f0e6d6'),
    rect(-10, -14, 24, 14, '#e9e1d2', 'rx="2"'),
    rect(-6, -10, 6, 6, '#ffd98c'),
    rect(4, -10, 6, 6, '#ffd98c'),
    stroke('M-16 0 V-38', '#d8cfc0', 2),
    circle(-16, -38, 2.6, '#7fe0a0', `opacity="${(0.5 + 0.5 * Math.max(0, swing(t, 4))).toFixed(2)}"`),
  );
}

function lighthouse(t: number): string {
  const turn = t * 2 * Math.PI * 2;
  const reach = Math.cos(turn);
  const beam = (side: number) => {
    const r = reach * side;
    if (Math.abs(r) < 0.04) return '';
    return group(
      `translate(160 108) scale(${r.toFixed(3)} 1)`,
      path('M0 -2 L250 -30 V34 L0 3 Z', 'url(#beam)', `opacity="${(0.18 + 0.5 * Math.abs(r)).toFixed(2)}"`),
    );
  };
  const front = Math.max(0, Math.sin(turn)) ** 8;
  return [
    path('M112 192 Q160 160 214 192 Z', '#1c2a38'),
    beam(1),
    beam(-1),
    path('M149 178 L153 118 H167 L171 178 Z', '#e9e4da'),
    path('M151 152 L152.4 134 H167.6 L169 152 Z', '#b8493b'),
    rect(150, 114, 20, 4, '#2b3440'),
    rect(154, 102, 12, 12, '#ffe9a8'),
    path('M151 102 L160 93 L169 102 Z', '#b8493b'),
    circle(160, 108, 14 + front * 26, 'url(#lamp)'),
  ].join('');
}

function house(t: number): string {
  return [
    path('M396 128 L516 66 L660 128 Z', '#202833'),
    rect(410, 124, 250, 116, '#3d4a58'),
    repeat(6, (i) => rect(410, 138 + i * 17, 250, 1.4, '#34404d')),
    rect(432, 150, 150, 90, '#2a323c'),
    rect(438, 156, 138, 84, 'url(#garage)'),
    repeat(4, (i) => rect(438, 175 + i * 20, 138, 2, '#4d565f')),
    repeat(4, (i) => rect(446 + i * 33, 160, 24, 11, '#ffd98c', 'opacity="0.85"')),
    rect(608, 148, 40, 44, '#f5d08a'),
    stroke('M628 148 V192 M608 170 H648', '#2f3a46', 3),
    circle(507, 140, 70 + swing(t, 3) * 1.5, 'url(#lamp)'),
    rect(500, 136, 14, 7, '#ffeebf', 'rx="3"'),
  ].join('');
}

const bollards = repeat(4, (i) => {
  const x = 372 - i * 62;
  const y = 252 + i * 26;
  return [
    circle(x, y - 10, 15, 'url(#lamp)'),
    rect(x - 2.5, y - 12, 5, 14 + i, '#1a2028', 'rx="1"'),
    circle(x, y - 12, 3, '#ffe7ae'),
  ].join('');
});

/** In: 0.08 to 0.38 of the loop; out: 0.62 to 0.92. */
function car(t: number): string {
  const home = ease(t, 0.08, 0.38) - ease(t, 0.62, 0.92);
  if (home <= 0) return '';
  const x = -130 + home * 440;
  const y = 352 - home * 52;
  const size = 1.22 - home * 0.24;
  const turn = (x * 4).toFixed(0);
  const braking = (t > 0.3 && t < 0.42) || (t > 0.56 && t < 0.64);
  const wheel = (at: number) =>
    group(
      `translate(${at} 0) rotate(${turn})`,
      circle(0, 0, 15, '#14181d'),
      circle(0, 0, 8.5, '#aab3bd'),
      stroke('M-8 0 H8 M0 -8 V8', '#5f6872', 2),
    );
  return group(
    `translate(${x.toFixed(1)} ${y.toFixed(1)}) scale(${size.toFixed(3)})`,
    ellipse(0, 14, 108, 9, '#000', 'opacity="0.35"'),
    path('M92 -26 L330 -46 V30 L92 -10 Z', 'url(#beam)', 'opacity="0.6"'),
    path(
      'M-104 2 V-20 Q-102 -34 -78 -36 L-52 -38 Q-36 -66 -8 -67 H22 Q46 -66 62 -38 Q96 -34 102 -20 V2 Q100 8 92 8 H-96 Q-104 8 -104 2 Z',
      '#c9463d',
    ),
    path('M-42 -38 Q-30 -58 -8 -59 H4 V-38 Z', '#1c2733'),
    path('M12 -38 V-59 H22 Q38 -58 50 -38 Z', '#1c2733'),
    stroke('M8 -38 V4 M-98 -16 H96', '#a8372f', 2),
    rect(14, -30, 14, 4, '#e7ded2', 'rx="2"'),
    ellipse(95, -20, 6, 8, '#fff3cd'),
    rect(-104, -28, 6, 15, braking ? '#ff5a4a' : '#8f2420', 'rx="2"'),
    braking ? circle(-104, -20, 22, '#ff5a4a', 'opacity="0.18"') : '',
    wheel(-62),
    wheel(62),
  );
}
