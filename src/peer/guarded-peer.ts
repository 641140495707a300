import assert from 'node:assert/strict';
import { networkInterfaces } from 'node:os';
import {
  type RTCDtlsTransport,
  RTCPeerConnection,
  RTCRtpHeaderExtensionParameters,
  type RTCRtpTransceiver,
  type RTCSessionDescription,
  RTP_EXTENSION_URI,
} from 'werift';
import { LatchkeyError, type RandomSource } from '../base/index.ts';
import { type Certificate, fingerprintsOf } from './certificate.ts';
import { codecParameters, type VideoCodec } from './codecs.ts';
import { createDatagramGuard, type DatagramGuard, type DropReason } from './datagram-guard.ts';
import { type Description, readDescription } from './description.ts';

export interface PeerSettings {
  readonly certificate: Certificate;
  readonly direction: 'sendonly' | 'recvonly';
  readonly video: readonly VideoCodec[];
  readonly audio: boolean;
  /** True makes descriptions and opens no socket. */
  readonly rehearsal?: boolean;
}

/** A werift peer connection that talks to one relay and to nobody else. */
export interface GuardedPeer {
  readonly video: RTCRtpTransceiver;
  readonly audio: RTCRtpTransceiver | undefined;
  readonly transport: RTCDtlsTransport;
  /** Makes an offer; the sockets open beside it. */
  offer(): Promise<string>;
  /** Takes an offer and makes the answer; the sockets open beside it. Throws the `sdp-` errors. */
  answer(offer: Description): Promise<string>;
  /** Makes an offer that restarts ICE (RFC 8445 section 9), once the connection stands: for a network that changed. */
  restart(): Promise<string>;
  /** Takes the answer to the offer made. */
  accept(answer: Description): Promise<void>;
  /** Called as ICE is through, as DTLS is, and once as the connection is over; `failed` comes before a close by this side too. */
  onState(run: (state: 'ice' | 'connected' | 'failed') => void): void;
  /** The fingerprints of the certificate that the other side really showed; empty before DTLS is through. */
  shownFingerprints(): readonly string[];
  close(): Promise<void>;
}

/**
 * What is reached into: werift 0.25.2 makes a StunProtocol per local address, tells `ensureProtocol` of it before its
 * socket exists, and hands each datagram to its `datagramReceived`.
 */
interface IceInternals {
  stunServer: unknown;
  turnServer: unknown;
  localUsername: string;
  localPassword: string;
  userHistory: Record<string, string>;
  ensureProtocol(protocol: ProtocolInternals): void;
}
interface ProtocolInternals {
  datagramReceived(datagram: Buffer, source: readonly [string, number]): void;
  connectionMade(...settings: unknown[]): Promise<void>;
  transport: { socket: NodeJS.EventEmitter };
}

export function createGuardedPeer(
  settings: PeerSettings,
  random: RandomSource,
  dropped?: (reason: DropReason) => void,
): GuardedPeer {
  const connection = new RTCPeerConnection({
    iceServers: [],
    iceUseIpv4: false,
    iceUseIpv6: false,
    iceAdditionalHostAddresses: unspecifiedAddresses(),
    bundlePolicy: 'max-bundle',
    certificates: [settings.certificate],
    codecs: codecParameters(settings.video, settings.audio),
    headerExtensions: { video: [sdesMid()], audio: [sdesMid()] },
  });
  const guard = createDatagramGuard();
  let opening: Promise<void> = Promise.resolve();
  const video = connection.addTransceiver('video', { direction: settings.direction });
  const audio = settings.audio ? connection.addTransceiver('audio', { direction: settings.direction }) : undefined;
  // Without a name that they share, a video stream and its retransmissions are two tracks to libwebrtc, and one too many.
  if (settings.direction === 'sendonly') for (const each of [video, audio]) each?.sender.streamIds.push(streamId);
  const transport = onlyTransport(connection);
  const ice = transport.iceTransport.connection as unknown as IceInternals;
  // The default is a public STUN server, whatever `iceServers` says.
  ice.stunServer = undefined;
  ice.turnServer = undefined;
  putCredentials(ice, random);
  putGuard(ice, guard, dropped);

  async function setRemote(type: 'offer' | 'answer', { sdp, candidates }: Description): Promise<void> {
    guard.allow(candidates);
    try {
      await connection.setRemoteDescription({ type, sdp });
    } catch (cause) {
      throw new LatchkeyError('sdp-malformed', undefined, { cause });
    }
    if (connection.iceTransports.length !== 1) throw new LatchkeyError('sdp-bundle');
  }

  /** Opens the sockets without making the caller wait: the description is complete already, as it names no candidates. */
  function begin(description: RTCSessionDescription): string {
    const sdp = settings.direction === 'recvonly' ? withoutStreams(description.sdp) : description.sdp;
    if (settings.rehearsal === true) return sdp;
    opening = connection.setLocalDescription(description).then(
      () => {},
      () => void connection.close(),
    );
    return sdp;
  }

  /** werift connects once; ICE that was restarted under a DTLS that stands is left to whoever restarted it. */
  async function resume(): Promise<void> {
    await opening;
    // It says `completed` when it has its own candidates, before the first check.
    const restarted = transport.iceTransport.state === 'new' || transport.iceTransport.state === 'completed';
    if (transport.state !== 'connected' || !restarted) return;
    await transport.iceTransport.start().catch(() => void connection.close());
  }

  return {
    video,
    audio,
    transport,
    async offer() {
      return begin(await connection.createOffer());
    },
    async answer(description) {
      await setRemote('offer', description);
      // A DTLS client of werift's waits a tenth of a second before its first word; a browser does not.
      if (description.mayServe) transport.role = 'server';
      const restarted = transport.state === 'connected';
      if (restarted) putCredentials(ice, random);
      const answer = begin(await connection.createAnswer());
      if (restarted) void resume();
      return answer;
    },
    async restart() {
      transport.iceTransport.restart();
      putCredentials(ice, random);
      return begin(await connection.createOffer());
    },
    async accept(description) {
      await setRemote('answer', description);
      void resume();
    },
    onState(run) {
      let over = false;
      transport.iceTransport.onStateChange.subscribe((state) => {
        if (!over && state === 'connected') run('ice');
      });
      connection.connectionStateChange.subscribe((state) => {
        if (over) return;
        if (state === 'connected') {
          guard.established();
          run('connected');
        }
        over = state === 'failed' || state === 'closed';
        if (over) run('failed');
      });
      transport.onStateChange.subscribe((state) => {
        if (over || (state !== 'closed' && state !== 'failed')) return;
        over = true;
        run('failed');
      });
    },
    shownFingerprints() {
      const certificate = transport.dtls?.remoteCertificate;
      return certificate === undefined ? [] : fingerprintsOf(certificate);
    },
    async close() {
      guard.allow([]);
      await connection.close();
    },
  };
}

/**
 * Makes an offer and an answer to it, without a socket. Code that has run once is several times as fast: the first viewer of
 * a camera waits no longer than the second.
 */
export async function rehearse(settings: PeerSettings, random: RandomSource): Promise<void> {
  const answering = createGuardedPeer({ ...settings, rehearsal: true }, random);
  const offering = createGuardedPeer({ ...settings, direction: 'recvonly', rehearsal: true }, random);
  const offer = await offering.offer();
  const candidate = 'a=candidate:1 1 udp 1 127.0.0.1 9 typ host';
  await answering.answer(readDescription(offer.replaceAll('a=rtcp-mux', `a=rtcp-mux\r\n${candidate}`)));
  await Promise.all([offering.close(), answering.close()]);
}

function onlyTransport(connection: RTCPeerConnection): RTCDtlsTransport {
  const [transport, ...others] = connection.dtlsTransports;
  assert(transport !== undefined && others.length === 0, 'one bundle, one transport');
  return transport;
}

/** RFC 8445 section 5.3 asks for 24 and 128 random bits at least; the default has 16 and 88. */
function putCredentials(ice: IceInternals, random: RandomSource): void {
  ice.localUsername = random.bytes(6).toString('base64');
  ice.localPassword = random.bytes(18).toString('base64');
  ice.userHistory[ice.localUsername] = ice.localPassword;
}

function putGuard(ice: IceInternals, guard: DatagramGuard, dropped?: (reason: DropReason) => void): void {
  assert(typeof ice.ensureProtocol === 'function', 'werift’s ICE is not the one that the guard was made for');
  const ensure = ice.ensureProtocol.bind(ice);
  ice.ensureProtocol = (protocol) => {
    assert(typeof protocol.datagramReceived === 'function' && typeof protocol.connectionMade === 'function');
    const receive = protocol.datagramReceived.bind(protocol);
    protocol.datagramReceived = (datagram, source) => {
      const reason = guard.judge(datagram, source[0], source[1]);
      if (reason === undefined) receive(datagram, source);
      else dropped?.(reason);
    };
    const connect = protocol.connectionMade.bind(protocol);
    protocol.connectionMade = async (...settings) => {
      await connect(...settings);
      // An address that cannot be reached is an 'error' event of the socket, and without a listener the process's end.
      protocol.transport.socket.on('error', () => {});
    };
    ensure(protocol);
  };
}

const streamId = 'live';

/** Who only receives has no streams to name (RFC 8829 section 5.2.1), though werift names two. */
function withoutStreams(sdp: string): string {
  return sdp.replace(/^a=ssrc(?:-group)?:.*\r\n/gm, '');
}

/** One socket for each family of addresses that this machine has: the relay is told none of them, it sees where datagrams come from. */
function unspecifiedAddresses(): string[] {
  const families = new Set(Object.values(networkInterfaces()).flatMap((list) => list?.map(({ family }) => family)));
  return [...(families.has('IPv4') ? ['0.0.0.0'] : []), ...(families.has('IPv6') ? ['::'] : [])];
}

function sdesMid(): RTCRtpHeaderExtensionParameters {
  return new RTCRtpHeaderExtensionParameters({ uri: RTP_EXTENSION_URI.sdesMid });
}
