import qrcode from 'qrcode';
import { framesPerSecond, rect } from './shapes.ts';

const moduleSize = 5;
const quietModules = 4;
const margin = 14;

/**
 * What every picture bears: the device's id as text and as a QR code (version 2, level M, quiet zone of four modules),
 * and a running clock with the number of the frame.
 */
export function label(device: string, frame: number): string {
  return [text(18, 34, 21, device, 'start'), text(18, 56, 14, running(frame), 'start'), code(device)].join('');
}

function running(frame: number): string {
  const seconds = frame / framesPerSecond;
  return `00:0${seconds.toFixed(2)}  frame ${String(frame).padStart(3, '0')}`;
}

function text(x: number, y: number, size: number, words: string, anchor: string): string {
  const common = `x="${x}" y="${y}" text-anchor="${anchor}" font-family="DejaVu Sans Mono" font-weight="bold" font-size="${size}" xml:space="preserve"`;
  return `<text ${common} stroke="#0b1018" stroke-opacity="0.55" stroke-width="4" stroke-linejoin="round">${words}</text><text ${common} fill="#ffffff">${words}</text>`;
}

function code(device: string): string {
  const modules = qrcode.create(device, { version: 2, errorCorrectionLevel: 'M' }).modules;
  const side = (modules.size + 2 * quietModules) * moduleSize;
  const left = 640 - margin - side;
  const top = 360 - margin - side;
  let dark = '';
  for (let row = 0; row < modules.size; row++) {
    for (let column = 0; column < modules.size; column++) {
      if (!modules.get(row, column)) continue;
      const x = left + (column + quietModules) * moduleSize;
      const y = top + (row + quietModules) * moduleSize;
      dark += `M${x} ${y}h${moduleSize}v${moduleSize}h-${moduleSize}z`;
    }
  }
  return `${rect(left, top, side, side, '#ffffff', 'rx="8"')}<path d="${dark}" fill="#0b1018" shape-rendering="crispEdges"/>`;
}
