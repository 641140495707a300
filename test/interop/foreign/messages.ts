import type { Fingerprints, ForeignPicture } from './stack.ts';

export const stackNames = ['libdatachannel', 'libwebrtc'] as const;
export type StackName = (typeof stackNames)[number];

/** How a viewer signals: its offer in `connect`, the camera's offer in `invite` (plain ONVIF), or WHEP. */
export type ViewerFlow = 'answer' | 'onvif' | 'whep';

/** What a foreign process is told to do, once. */
export type Order = {
  readonly stack: StackName;
  readonly relay: string;
  readonly token: string;
  readonly device: string;
} & ({ readonly role: 'camera'; readonly answers: boolean } | { readonly role: 'viewer'; readonly flow: ViewerFlow });

/** What it tells, each as it happens. */
export interface ForeignEvents {
  /** The relay knows the camera by this id. */
  registered: { readonly device: string };
  /** The camera verified a grant: whom it names, and with which certificates. */
  granted: { readonly subject: string; readonly device: string; readonly fingerprints: readonly string[] };
  connected: Fingerprints;
  keyFrameAsked: object;
  /** The relay took every candidate of the stack. */
  candidatesSent: { readonly count: number };
  picture: ForeignPicture;
  /** The relay said no. */
  refused: { readonly code: string };
}

export type ForeignEvent = {
  [Kind in keyof ForeignEvents]: { readonly kind: Kind; readonly said: ForeignEvents[Kind] };
}[keyof ForeignEvents];

export type Tell = <Kind extends keyof ForeignEvents>(kind: Kind, said: ForeignEvents[Kind]) => void;
