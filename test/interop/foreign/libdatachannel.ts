import { readFileSync } from 'node:fs';
import {
  H264RtpPacketizer,
  PeerConnection,
  RtcpNackResponder,
  RtcpReceivingSession,
  RtcpSrReporter,
  RtpPacketizationConfig,
  type Track,
  Video,
} from 'node-datachannel';
import { PictureLossIndication, RtcpPacketConverter, RtcpPayloadSpecificFeedback, RtpPacket } from 'werift';
import { splitAccessUnits } from '../../../src/camera/sources/access-units.ts';
import { PictureAssembler } from '../../../src/viewer/picture-assembler.ts';
import type { Fingerprints, ForeignPeer, ForeignPicture, ForeignStack } from './stack.ts';

const framesPerSecond = 15;
const ssrc = 0x1a7c8e59;
/** Of its own offers. */
const h264 = 96;
const vp8 = 97;

/** libdatachannel, with its own RTP packetizer and its own RTCP; of codecs it knows nothing more than their packets. */
export const libdatachannel: ForeignStack = {
  async sender(device, told) {
    const units = splitAccessUnits(readFileSync(`config/demo/${device}.h264`));
    return createPeer({
      prepare(connection, offer) {
        const { mid, payloadType } = offer === undefined ? { mid: 'video', payloadType: h264 } : h264Of(offer);
        const video = new Video(mid, 'SendOnly');
        video.addH264Codec(payloadType);
        video.addSSRC(ssrc, device, device, device);
        const track = connection.addTrack(video);
        const config = new RtpPacketizationConfig(ssrc, device, payloadType, 90_000);
        const packetizer = new H264RtpPacketizer('LongStartSequence', config);
        packetizer.addToChain(new RtcpSrReporter(config));
        packetizer.addToChain(new RtcpNackResponder());
        track.setMediaHandler(packetizer);
        const player = playUnits(track, units, config);
        track.onMessage((message) => {
          if (!asksForKeyFrame(message)) return;
          told.keyFrameAsked();
          player.keyFrame();
        });
      },
      track() {},
    });
  },

  receiver(picture) {
    return createPeer({
      prepare(connection, offer) {
        if (offer !== undefined) return;
        const video = new Video('video', 'RecvOnly');
        video.addH264Codec(h264);
        video.addVP8Codec(vp8);
        receive(connection.addTrack(video), connection, picture);
      },
      track(track, connection) {
        if (track.type() === 'video') receive(track, connection, picture);
      },
    });
  },
};

interface PeerParts {
  /** Adds what this side brings of its own: to its offer, or to the answer of `offer`. */
  prepare(connection: PeerConnection, offer: string | undefined): void;
  /** A track that the other side's offer brought. */
  track(track: Track, connection: PeerConnection): void;
}

function createPeer(parts: PeerParts): ForeignPeer {
  const connection = new PeerConnection('latchkey', {
    iceServers: [],
    bindAddress: '127.0.0.1',
    disableAutoNegotiation: true,
  });
  const connected = Promise.withResolvers<Fingerprints>();
  // The stack lives as long as its JavaScript objects: what it brought must not be collected.
  const tracks: Track[] = [];
  connection.onTrack((track) => {
    tracks.push(track);
    parts.track(track, connection);
  });
  connection.onStateChange((state) => {
    if (state === 'failed') connected.reject(new Error('libdatachannel: the connection failed'));
    if (state !== 'connected') return;
    const own = /^a=fingerprint:sha-256 (\S+)/m.exec(connection.localDescription()?.sdp ?? '')?.[1] ?? '';
    connected.resolve({ own, seen: connection.remoteFingerprint().value });
  });
  const described = (type: 'offer' | 'answer') =>
    new Promise<string>((resolve) => {
      connection.onLocalDescription((sdp) => resolve(sdp));
      connection.setLocalDescription(type);
    });

  return {
    connected: connected.promise,
    offer() {
      parts.prepare(connection, undefined);
      return described('offer');
    },
    async answer(offer) {
      parts.prepare(connection, offer);
      connection.setRemoteDescription(offer, 'offer');
      return await described('answer');
    },
    async accept(answer) {
      connection.setRemoteDescription(answer, 'answer');
    },
    onCandidate(run) {
      connection.onLocalCandidate((candidate, sdpMid) => run({ candidate: candidate.replace(/^a=/, ''), sdpMid }));
      connection.onGatheringStateChange((state) => {
        if (state === 'complete') run({ candidate: '', sdpMid: '' });
      });
    },
  };
}

/** The section for video in an offer, and its payload type of H.264 in packetization mode 1. */
function h264Of(offer: string): { mid: string; payloadType: number } {
  const section = offer.split(/^m=/m).find((part) => part.startsWith('video ')) ?? '';
  const mid = /^a=mid:(\S+)/m.exec(section)?.[1];
  const found = [...section.matchAll(/^a=rtpmap:(\d+) H264\/90000/gm)]
    .map(([, payloadType = '']) => payloadType)
    .find((payloadType) => new RegExp(`^a=fmtp:${payloadType} .*packetization-mode=1`, 'm').test(section));
  if (mid === undefined || found === undefined) throw new Error('the offer has no H.264');
  return { mid, payloadType: Number(found) };
}

/**
 * Plays pictures on a track. Until it is asked for a key frame it sends none, and so nothing that could be decoded: a
 * viewer whose requests do not come through sees nothing.
 */
function playUnits(track: Track, units: readonly { key: boolean; data: Buffer }[], config: RtpPacketizationConfig) {
  const frameMs = 1000 / framesPerSecond;
  let asked = false;
  let at = 1;
  let sent = 0;

  function play(): void {
    const unit = units[at];
    at = (at + 1) % units.length;
    if (unit === undefined || !track.isOpen() || (unit.key && !asked)) return;
    sent += 1;
    config.timestamp = Math.round((sent * 90_000) / framesPerSecond);
    track.sendMessageBinary(unit.data);
  }

  const timer = setInterval(play, frameMs);
  track.onClosed(() => clearInterval(timer));
  return {
    keyFrame(): void {
      asked = true;
      while (units[at]?.key === false) at = (at + 1) % units.length;
      play();
    },
  };
}

/** What comes to a track that only sends is RTCP. */
function asksForKeyFrame(message: Buffer): boolean {
  return RtcpPacketConverter.deSerialize(message).some(
    (packet) => packet instanceof RtcpPayloadSpecificFeedback && packet.feedback instanceof PictureLossIndication,
  );
}

/** Puts key frames together out of the packets, as whoever uses this stack must do. */
function receive(track: Track, connection: PeerConnection, picture: (picture: ForeignPicture) => void): void {
  const assemblers = { H264: new PictureAssembler('H264'), VP8: new PictureAssembler('VP8') };
  track.setMediaHandler(new RtcpReceivingSession());
  track.onOpen(() => track.requestKeyframe());
  track.onMessage((message) => {
    const { header, payload } = RtpPacket.deSerialize(message);
    const codec = codecOf(header.payloadType, connection);
    if (codec === undefined) return;
    const { sequenceNumber, timestamp, marker } = header;
    for (const { key, data } of assemblers[codec].push({ sequenceNumber, timestamp, marker, payload }, Date.now())) {
      if (key) picture({ kind: 'encoded', codec, data });
    }
  });
}

function codecOf(payloadType: number, connection: PeerConnection): 'H264' | 'VP8' | undefined {
  const name = new RegExp(`^a=rtpmap:${payloadType} (\\w+)/`, 'm').exec(connection.localDescription()?.sdp ?? '')?.[1];
  return name === 'H264' || name === 'VP8' ? name : undefined;
}
