import { PictureLossIndication, RtcpPayloadSpecificFeedback } from 'werift';
import type { GuardedPeer } from '../peer/index.ts';

/** Calls `run` for each PLI and FIR (RFC 4585 section 6.3.1, RFC 5104 section 4.3.1) about this peer's video. */
export function keyFrameRequests(peer: GuardedPeer, run: () => void): void {
  const { ssrc } = peer.video.sender;
  peer.transport.onRtcp.subscribe((packet) => {
    if (!(packet instanceof RtcpPayloadSpecificFeedback)) return;
    const { feedback } = packet;
    if (feedback instanceof PictureLossIndication && feedback.mediaSsrc === ssrc) run();
    if ('fir' in feedback && feedback.fir.some((entry) => entry.ssrc === ssrc)) run();
  });
}
