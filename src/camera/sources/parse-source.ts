import type { CameraSource } from '../settings.ts';

/** Reads a source as an operator writes it: `pattern`, an `rtsp(s)://` URL, a clip's path, or a video file. */
export function parseSource(_text: string): CameraSource {
  throw new TypeError('Sources are not here yet.');
}
