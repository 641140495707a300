import { type Clock, limits, type Timer } from '../../base/index.ts';
import type { VideoCodec } from '../../peer/index.ts';
import type { SourceFailure } from '../settings.ts';
import type { StreamReader } from './byte-queue.ts';
import { type Child, startChild } from './child.ts';
import {
  type Content,
  type FfmpegInput,
  ffmpegArguments,
  probeArguments,
  readProbe,
  soundPipe,
  videoPipe,
} from './ffmpeg-arguments.ts';
import { findProgram } from './find-program.ts';
import { createFlvReader } from './flv.ts';
import { createIvfReader } from './ivf.ts';
import type { MediaSink, MediaSource, Playing } from './media.ts';
import { createOggReader } from './ogg.ts';

/** A source that an ffmpeg process plays while somebody watches. Throws `settings-invalid` where ffmpeg is missing. */
export function createFfmpegSource(nextInput: () => FfmpegInput, clock: Clock, searchPath?: string): MediaSource {
  const ffmpeg = findProgram('ffmpeg', 'ffmpeg', searchPath);
  const ffprobe = findProgram('ffprobe', 'ffmpeg', searchPath);
  let content: Content | undefined;
  return {
    video: ['H264', 'VP8'],
    equal: false,
    sound: true,
    play(codec, sink) {
      const input = nextInput();
      content ??= input.content;
      return playFfmpeg(codec, sink, clock, {
        async probe(own) {
          content ??= await probe(own(startChild(ffprobe, probeArguments(input), [1], clock, input.script)));
          return content;
        },
        start: (known) => {
          const pipes = known.sound ? [videoPipe, soundPipe] : [videoPipe];
          return startChild(ffmpeg, ffmpegArguments(input, known, codec), pipes, clock, input.script);
        },
      });
    },
  };
}

interface Programs {
  /** `own` is given each process, so that it can be ended. */
  probe(own: (child: Child) => Child): Promise<Content | undefined>;
  start(content: Content): Child;
}

function playFfmpeg(codec: VideoCodec, sink: MediaSink, clock: Clock, programs: Programs): Playing {
  let over = false;
  let child: Child | undefined;
  let silence: Timer | undefined;

  const own = (started: Child): Child => {
    child = started;
    return started;
  };

  function fail(reason: SourceFailure): void {
    if (over) return;
    void stop();
    sink.failed(reason);
  }

  function listen(): void {
    silence?.cancel();
    silence = clock.after(limits.sourceSilentMsMax, () => fail('silent'));
  }

  function read(descriptor: number, reader: StreamReader): void {
    child?.output(descriptor).on('data', (chunk: Buffer) => {
      if (over) return;
      try {
        reader.push(chunk);
      } catch {
        fail('malformed');
      }
    });
  }

  async function run(): Promise<void> {
    listen();
    const content = await programs.probe(own);
    if (over) return;
    if (content === undefined) return fail('unreadable');
    const started = own(programs.start(content));
    const reader = codec === 'H264' ? createFlvReader : createIvfReader;
    read(
      videoPipe,
      reader((frame) => {
        if (over) return;
        listen();
        sink.video(frame);
      }),
    );
    if (content.sound) {
      read(
        soundPipe,
        createOggReader((packet) => {
          if (!over) sink.sound(packet);
        }),
      );
    }
    await started.exited;
    fail('exited');
  }

  async function stop(): Promise<void> {
    over = true;
    silence?.cancel();
    await child?.end();
  }

  void run();
  return { stop };
}

async function probe(child: Child): Promise<Content | undefined> {
  let json = '';
  for await (const chunk of child.output(1).setEncoding('utf8')) {
    json += chunk;
    if (json.length > limits.problemBytesMax) break;
  }
  await child.end();
  return readProbe(json);
}
