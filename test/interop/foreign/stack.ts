/**
 * A WebRTC implementation that shares no code with this project, behind the few verbs that a camera or a viewer needs.
 * Signaling is not its business, and media is not the business of whoever signals.
 */
export interface ForeignStack {
  /** A peer that sends the demo's clip of that device. */
  sender(device: string, told: SenderEvents): Promise<ForeignPeer>;
  /** A peer that receives whatever video there is. */
  receiver(picture: (picture: ForeignPicture) => void): ForeignPeer;
}

export interface ForeignPeer {
  offer(): Promise<string>;
  answer(offer: string): Promise<string>;
  accept(answer: string): Promise<void>;
  /** Called with each candidate as RTCIceCandidateInit has it; an empty one says that there are no more. */
  onCandidate(run: (candidate: Candidate) => void): void;
  /** Resolves once the connection stands. */
  readonly connected: Promise<Fingerprints>;
}

export interface SenderEvents {
  /** The other side asked for a key frame. */
  keyFrameAsked(): void;
}

export interface Candidate {
  readonly candidate: string;
  readonly sdpMid: string;
}

/** SHA-256 fingerprints, `AA:BB:…`, as the stack itself tells them once DTLS is through. */
export interface Fingerprints {
  readonly own: string;
  readonly seen: string;
}

/** What came out of the stack: one encoded key frame, or a decoded picture, whichever its API gives. */
export type ForeignPicture =
  | { readonly kind: 'encoded'; readonly codec: 'H264' | 'VP8'; readonly data: Uint8Array }
  | { readonly kind: 'rgba'; readonly width: number; readonly height: number; readonly data: Uint8Array };
