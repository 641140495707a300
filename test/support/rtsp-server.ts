import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

const script = join(import.meta.dirname, 'rtsp-server.js');

export interface RtspOptions {
  /** A file of `cameraRecording`. */
  readonly recording: string;
  /** 0, when left out: any that is free. */
  readonly port?: number;
  /** Asked for by digest authentication (RFC 7616), where it is given. */
  readonly login?: { readonly user: string; readonly password: string };
}

/** GStreamer's RTSP server on loopback, in the place of a camera. Throws what it says when it cannot start. */
export async function rtspServer({ recording, port = 0, login }: RtspOptions) {
  const parameters = [String(port), recording, ...(login === undefined ? [] : [login.user, login.password])];
  const child = spawn('gjs', ['-m', script, ...parameters], {
    stdio: ['pipe', 'pipe', 'pipe'],
    env: { ...process.env, GST_REGISTRY: `${recording}.registry` },
  });
  let errors = '';
  child.stderr.on('data', (data) => {
    errors += data;
  });
  const closed = once(child, 'close');
  const [line] = await Promise.race([
    once(createInterface(child.stdout), 'line') as Promise<[string]>,
    closed.then(([code]) => Promise.reject(new Error(`the RTSP server ended with ${code}: ${errors}`))),
  ]);
  const stop = async (): Promise<void> => {
    child.stdin.end();
    await closed;
  };
  return {
    port: Number(line),
    host: `127.0.0.1:${line}`,
    stop,
    /** As a camera that loses its power. */
    async cut(): Promise<void> {
      child.kill('SIGKILL');
      await closed;
    },
    [Symbol.asyncDispose]: stop,
  };
}

/** Makes a file of a minute of a demo's camera: a key frame each four seconds, and sound in G.711, as cameras have it. */
export function cameraRecording(folder: string, device: string): string {
  const once = join(folder, `${device}-once.mkv`);
  const recording = join(folder, `${device}.mkv`);
  const ffmpeg = (...parameters: string[]) => execFileSync('ffmpeg', ['-v', 'error', ...parameters]);
  ffmpeg('-r', '15', '-i', join('config', 'demo', `${device}.h264`), '-c', 'copy', once);
  const tone = ['-f', 'lavfi', '-i', 'sine=frequency=300:sample_rate=8000', '-map', '0:v', '-map', '1:a', '-shortest'];
  const picture = [
    '-c:v',
    'libx264',
    '-preset',
    'ultrafast',
    '-profile:v',
    'baseline',
    '-g',
    '60',
    '-sc_threshold',
    '0',
  ];
  ffmpeg('-stream_loop', '8', '-i', once, ...tone, ...picture, '-c:a', 'pcm_alaw', recording);
  return recording;
}
