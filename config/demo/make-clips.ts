/**
 * Draws the demo's clips: for each camera one loop of H.264 (Annex B), VP8 (IVF) and Opus (Ogg).
 * The clips are part of the repository; run this only to change them: `node config/demo/make-clips.ts [device …]`.
 * It needs Debian's `ffmpeg` (with librsvg, libx264, libvpx and libopus) and `fonts-dejavu-core`.
 */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { driveway } from './drawing/driveway.ts';
import { frontDoor } from './drawing/front-door.ts';
import { garden } from './drawing/garden.ts';
import { label } from './drawing/label.ts';
import { nursery } from './drawing/nursery.ts';
import { frames, framesPerSecond, height, type Scene, width } from './drawing/shapes.ts';
import { birds, lullaby, type Sound, sampleRate, waves, wind } from './sounds.ts';

const cameras: Record<string, { scene: Scene; sound: Sound }> = {
  'maple-front-door': { scene: frontDoor, sound: wind },
  'maple-garden': { scene: garden, sound: birds },
  'harbour-driveway': { scene: driveway, sound: waves },
  'harbour-nursery': { scene: nursery, sound: lullaby },
};

const font = '/usr/share/fonts/truetype/dejavu/DejaVuSansMono-Bold.ttf';
if (!existsSync(font)) {
  console.error(`${font} is missing. Install Debian's package fonts-dejavu-core.`);
  process.exit(1);
}

/** Constrained Baseline without B-frames; parameter sets before each key frame, one a second, one slice a frame. */
const h264 = [
  ...['-c:v', 'libx264', '-profile:v', 'baseline', '-level', '3.1', '-preset', 'veryslow', '-crf', '27'],
  ...['-maxrate', '400k', '-bufsize', '400k', '-bsf:v', 'filter_units=remove_types=6', '-f', 'h264'],
  ...[
    '-x264-params',
    `keyint=${framesPerSecond}:min-keyint=${framesPerSecond}:scenecut=0:bframes=0:repeat-headers=1:slices=1:threads=1`,
  ],
];
const vp8 = [
  ...['-c:v', 'libvpx', '-crf', '24', '-b:v', '260k', '-quality', 'good', '-cpu-used', '0', '-auto-alt-ref', '0'],
  ...['-g', `${framesPerSecond}`, '-keyint_min', `${framesPerSecond}`, '-threads', '1', '-f', 'ivf'],
];
const opus = ['-c:a', 'libopus', '-b:a', '24k', '-vbr', 'off', '-frame_duration', '20', '-f', 'ogg'];

const chosen = process.argv.slice(2);
for (const [device, { scene, sound }] of Object.entries(cameras)) {
  if (chosen.length > 0 && !chosen.includes(device)) continue;
  const folder = mkdtempSync(join(tmpdir(), 'latchkey-clips-'));
  try {
    make(device, scene, sound, folder);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function make(device: string, scene: Scene, sound: Sound, folder: string): void {
  for (let frame = 0; frame < frames; frame++) {
    const inside = scene(frame / frames) + label(device, frame);
    const svg = `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}">${inside}</svg>`;
    writeFileSync(join(folder, `${String(frame).padStart(3, '0')}.svg`), svg);
  }
  const drawn = join(folder, 'drawn.y4m');
  const source = ['-f', 'image2', '-framerate', `${framesPerSecond}`, '-i', join(folder, '%03d.svg')];
  ffmpeg(...source, '-vf', 'format=rgb24,scale=out_color_matrix=bt601:out_range=tv,format=yuv420p', drawn);
  ffmpeg('-i', drawn, ...h264, output(device, 'h264'));
  ffmpeg('-i', drawn, ...vp8, output(device, 'ivf'));

  const heard = join(folder, 'heard.f32');
  writeFileSync(heard, new Uint8Array(sound().buffer));
  ffmpeg('-f', 'f32le', '-ar', `${sampleRate}`, '-ac', '1', '-i', heard, ...opus, output(device, 'opus'));
  const sizes = ['h264', 'ivf', 'opus'].map(
    (kind) => `${kind} ${Math.round(statSync(output(device, kind)).size / 1024)} KiB`,
  );
  console.log(`${device}: ${sizes.join(', ')}`);
}

function output(device: string, kind: string): string {
  return join(import.meta.dirname, `${device}.${kind}`);
}

function ffmpeg(...args: string[]): void {
  execFileSync('ffmpeg', ['-hide_banner', '-loglevel', 'error', '-y', ...args], { stdio: 'inherit' });
}
