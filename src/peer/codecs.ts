import { RTCRtpCodecParameters, useH264, useOPUS, useVP8 } from 'werift';

export const videoCodecs = ['H264', 'VP8'] as const;
export type VideoCodec = (typeof videoCodecs)[number];

const feedback = [{ type: 'nack' }, { type: 'nack', parameter: 'pli' }, { type: 'ccm', parameter: 'fir' }];

/**
 * The codecs of a description, in order of preference, each with its retransmission stream (RFC 4588).
 * H.264 is constrained baseline 3.1 in packetization mode 1, which every browser takes. There is no transport-wide
 * congestion feedback: werift's receiver of it holds a sender back.
 */
export function codecParameters(video: readonly VideoCodec[], audio: boolean) {
  return {
    video: video.flatMap((codec) => [
      (codec === 'H264' ? useH264 : useVP8)({ rtcpFeedback: feedback }),
      new RTCRtpCodecParameters({ mimeType: 'video/rtx', clockRate: 90_000 }),
    ]),
    audio: audio ? [useOPUS({ parameters: 'minptime=10;useinbandfec=1' })] : [],
  };
}

/** The codec of ours that a negotiated one is. */
export function videoCodecOf(codec: { readonly mimeType: string } | undefined): VideoCodec | undefined {
  const name = codec?.mimeType.split('/')[1]?.toUpperCase();
  return videoCodecs.find((known) => known === name);
}
