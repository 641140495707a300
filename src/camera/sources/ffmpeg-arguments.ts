import { z } from 'zod';
import type { VideoCodec } from '../../peer/index.ts';

/** What ffmpeg reads. */
export interface FfmpegInput {
  readonly arguments: readonly string[];
  /** What goes to standard input. It may hold a password. */
  readonly script?: string;
  /** Undefined: what there is has to be asked of ffprobe first. */
  readonly content: Content | undefined;
}

/** What an input holds, as far as it matters. */
export interface Content {
  /** H.264 that a browser takes as it is: baseline, without reordered pictures. */
  readonly copyable: boolean;
  readonly sound: boolean;
}

export const videoPipe = 3;
export const soundPipe = 4;

export function fileInput(path: string): FfmpegInput {
  return { arguments: ['-re', '-stream_loop', '-1', '-i', `file:${path}`], content: undefined };
}

/**
 * The URL goes to standard input, in a list of the one thing to play: a command line can be read by everybody on the machine,
 * and the URL may hold a password. The rate of pictures is not measured at first, which would take a second or two.
 */
export function rtspInput(url: string): FfmpegInput {
  const quoted = `'${url.replaceAll("'", "'\\''")}'`;
  const options = ['rtsp_transport tcp', 'timeout 10000000', 'fpsprobesize 0'].map((option) => `option ${option}\n`);
  return {
    arguments: ['-f', 'concat', '-safe', '0', '-protocol_whitelist', 'pipe,rtsp,rtsps,rtp,tcp,tls', '-i', 'pipe:0'],
    script: `ffconcat version 1.0\nfile ${quoted}\n${options.join('')}`,
    content: undefined,
  };
}

/** A moving test picture with the name and the time of day, and a quiet tone. */
export function patternInput(name: string): FfmpegInput {
  const text = (content: string, y: string) =>
    `drawtext=text='${content}':x=(w-tw)/2:y=${y}:fontsize=36:fontcolor=white:box=1:boxcolor=black@0.7:boxborderw=10`;
  const picture = `testsrc2=size=640x360:rate=15,${text(escaped(name), 'h/3')},${text('%{localtime\\:%X}', 'h*2/3')}`;
  return {
    arguments: ['-re', '-f', 'lavfi', '-i', picture, '-f', 'lavfi', '-i', 'sine=frequency=220,volume=0.05'],
    content: { copyable: false, sound: true },
  };
}

/** Only for names that are ids: drawtext gives a meaning to much of what is not a letter. */
function escaped(name: string): string {
  return name.replace(/[^A-Za-z0-9._@-]/g, ' ');
}

/** The whole command line: video on one pipe, in a container that says where a picture ends, and Opus in Ogg on another. */
export function ffmpegArguments(input: FfmpegInput, content: Content, codec: VideoCodec): string[] {
  return [
    ...['-hide_banner', '-nostdin', '-loglevel', 'error'],
    // An encoder has to know how many pictures come in a second; what is copied can begin at once.
    ...(isCopied(content, codec) ? ['-fpsprobesize', '0'] : []),
    ...input.arguments,
    ...['-map', '0:v:0', '-an', ...videoArguments(content, codec), '-flush_packets', '1', `pipe:${videoPipe}`],
    ...(content.sound
      ? ['-map', input.arguments.includes('lavfi') ? '1:a:0' : '0:a:0', '-vn', ...soundArguments, `pipe:${soundPipe}`]
      : []),
  ];
}

function videoArguments(content: Content, codec: VideoCodec): string[] {
  if (isCopied(content, codec)) return ['-c:v', 'copy', '-f', 'flv', '-flvflags', 'no_duration_filesize'];
  const common = [
    ...['-vf', "scale='min(1280,iw)':-2,format=yuv420p", '-force_key_frames', 'expr:gte(t,n_forced)'],
    ...['-b:v', '1500k', '-maxrate', '2000k', '-bufsize', '1000k'],
  ];
  return codec === 'H264'
    ? [
        ...['-c:v', 'libx264', '-preset', 'veryfast', '-tune', 'zerolatency', '-profile:v', 'baseline', ...common],
        ...['-f', 'flv', '-flvflags', 'no_duration_filesize'],
      ]
    : [
        ...['-c:v', 'libvpx', '-deadline', 'realtime', '-cpu-used', '8', '-lag-in-frames', '0', ...common],
        ...['-error-resilient', '1', '-f', 'ivf'],
      ];
}

function isCopied(content: Content, codec: VideoCodec): boolean {
  return codec === 'H264' && content.copyable;
}

const soundArguments = [
  ...['-c:a', 'libopus', '-ar', '48000', '-ac', '2', '-b:a', '32k', '-frame_duration', '20'],
  ...['-f', 'ogg', '-page_duration', '20000', '-flush_packets', '1'],
];

/** How to ask ffprobe what an input holds; it reads the same input, but once and as fast as it can. */
export function probeArguments(input: FfmpegInput): string[] {
  const source = input.arguments.filter((argument) => !['-re', '-stream_loop', '-1'].includes(argument));
  const fields = 'stream=codec_type,codec_name,profile,has_b_frames';
  return ['-v', 'error', '-show_entries', fields, '-of', 'json', '-fpsprobesize', '0', ...source];
}

const probeResult = z.object({
  streams: z.array(
    z.object({
      codec_type: z.string(),
      codec_name: z.string().optional(),
      profile: z.string().optional(),
      has_b_frames: z.number().optional(),
    }),
  ),
});

/** Reads ffprobe's answer; undefined where there is no video. */
export function readProbe(json: string): Content | undefined {
  let value: unknown;
  try {
    value = JSON.parse(json);
  } catch {
    return undefined;
  }
  const streams = probeResult.safeParse(value).data?.streams ?? [];
  const video = streams.find(({ codec_type }) => codec_type === 'video');
  if (video === undefined) return undefined;
  const baseline = video.profile === 'Constrained Baseline' || video.profile === 'Baseline';
  return {
    copyable: video.codec_name === 'h264' && baseline && (video.has_b_frames ?? 0) === 0,
    sound: streams.some(({ codec_type }) => codec_type === 'audio'),
  };
}
