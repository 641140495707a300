import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import wrtc from '@roamhq/wrtc';
import type { Fingerprints, ForeignPeer, ForeignPicture, ForeignStack } from './stack.ts';

const run = promisify(execFile);
const { RTCPeerConnection: Connection, nonstandard } = wrtc;
const framesPerSecond = 15;
const width = 640;
const height = 360;

/** libwebrtc, with its own encoder and decoder. This build of it has no H.264. */
export const libwebrtc: ForeignStack = {
  async sender(device) {
    const pictures = await firstSecondOf(device);
    const source = new nonstandard.RTCVideoSource();
    const track = source.createTrack();
    let at = 0;
    setInterval(() => {
      const data = pictures[at++ % pictures.length];
      if (data !== undefined) source.onFrame({ width, height, data });
    }, 1000 / framesPerSecond);
    return createPeer({
      prepare: (connection) => void connection.addTrack(track),
      track() {},
    });
  },

  receiver(picture) {
    return createPeer({
      prepare(connection, offered) {
        if (offered) return;
        connection.addTransceiver('video', { direction: 'recvonly' });
        connection.addTransceiver('audio', { direction: 'recvonly' });
      },
      track: (track) => {
        if (track.kind === 'video') receive(track, picture);
      },
    });
  },
};

interface PeerParts {
  /** Adds what this side brings of its own: before its offer, or, where it was `offered` something, before its answer. */
  prepare(connection: RTCPeerConnection, offered: boolean): void;
  track(track: MediaStreamTrack): void;
}

function createPeer(parts: PeerParts): ForeignPeer {
  const connection = new Connection({ iceServers: [] });
  const connected = Promise.withResolvers<Fingerprints>();
  connection.ontrack = ({ track }) => parts.track(track);
  connection.onconnectionstatechange = () => {
    const { connectionState } = connection;
    if (connectionState === 'failed') connected.reject(new Error('libwebrtc: the connection failed'));
    if (connectionState === 'connected') connected.resolve(fingerprintsOf(connection));
  };
  const described = async (description: RTCSessionDescriptionInit) => {
    await connection.setLocalDescription(description);
    return description.sdp ?? '';
  };

  return {
    connected: connected.promise,
    async offer() {
      parts.prepare(connection, false);
      return await described(await connection.createOffer());
    },
    async answer(sdp) {
      await connection.setRemoteDescription({ type: 'offer', sdp });
      parts.prepare(connection, true);
      return await described(await connection.createAnswer());
    },
    async accept(sdp) {
      await connection.setRemoteDescription({ type: 'answer', sdp });
    },
    onCandidate(take) {
      connection.onicecandidate = ({ candidate }) =>
        take({ candidate: candidate?.candidate ?? '', sdpMid: candidate?.sdpMid ?? '' });
    },
  };
}

async function fingerprintsOf(connection: RTCPeerConnection): Promise<Fingerprints> {
  const stats = await connection.getStats();
  const transport = [...stats.values()].find(({ type }) => type === 'transport');
  const fingerprint = (id: string) => String(stats.get(id)?.fingerprint);
  return { own: fingerprint(transport?.localCertificateId), seen: fingerprint(transport?.remoteCertificateId) };
}

async function firstSecondOf(device: string): Promise<Uint8Array[]> {
  const clip = ['-i', `config/demo/${device}.h264`, '-frames:v', String(framesPerSecond)];
  const { stdout } = await run('ffmpeg', ['-v', 'error', ...clip, '-f', 'rawvideo', '-pix_fmt', 'yuv420p', 'pipe:1'], {
    encoding: 'buffer',
    maxBuffer: 64 * 1024 * 1024,
  });
  const size = (width * height * 3) / 2;
  return Array.from({ length: stdout.length / size }, (_, index) =>
    Uint8Array.from(stdout.subarray(index * size, (index + 1) * size)),
  );
}

interface DecodedFrame {
  readonly width: number;
  readonly height: number;
  readonly data: Uint8Array;
}

/** Gives about one picture a second of those that the stack decoded. */
function receive(track: MediaStreamTrack, picture: (picture: ForeignPicture) => void): void {
  const sink = new nonstandard.RTCVideoSink(track);
  let count = 0;
  sink.onframe = ({ frame }: { frame: DecodedFrame }) => {
    if (count++ % framesPerSecond !== 0) return;
    const rgba = { width: frame.width, height: frame.height, data: new Uint8Array(frame.width * frame.height * 4) };
    nonstandard.i420ToRgba(frame, rgba);
    picture({ kind: 'rgba', ...rgba });
  };
}
