import { statSync } from 'node:fs';
import { type Clock, LatchkeyError } from '../../base/index.ts';
import type { CameraSource } from '../settings.ts';
import { createClipSource } from './clip.ts';
import { createFfmpegSource } from './ffmpeg.ts';
import { fileInput, patternInput, rtspInput } from './ffmpeg-arguments.ts';
import type { MediaSource } from './media.ts';

/** Makes a source ready; `name` is what a test pattern shows. Throws `settings-invalid`: no such file, not a clip, not an RTSP URL, or ffmpeg is missing. */
export function createSource(source: CameraSource, name: () => string, clock: Clock): MediaSource {
  switch (source.kind) {
    case 'clip':
      return createClipSource(source.path, clock);
    case 'file':
      if (!statSync(source.path, { throwIfNoEntry: false })?.isFile()) {
        throw new LatchkeyError('settings-invalid', `there is no video file at ${source.path}`);
      }
      return createFfmpegSource(() => fileInput(source.path), clock);
    case 'rtsp':
      if (!/^rtsps?:\/\/[!-~]+$/i.test(source.url) || !URL.canParse(source.url)) {
        throw new LatchkeyError('settings-invalid', 'the source is written rtsp://host/path, in printable ASCII');
      }
      return createFfmpegSource(() => rtspInput(source.url), clock);
    case 'pattern':
      return createFfmpegSource(() => patternInput(name()), clock);
  }
}
