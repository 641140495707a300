import type { JSONWebKeySet } from 'jose';
import type { Clock, RandomSource } from '../base/index.ts';
import type { DropReason } from '../peer/index.ts';
import type { GrantRefusal } from './grant.ts';

/** Where the pictures come from. Nothing is read and no process runs before somebody watches. */
export type CameraSource =
  /** Encoded files side by side, in a loop: `<path>.h264` (Annex B), `<path>.ivf` (VP8), `<path>.opus` (Ogg). */
  | { readonly kind: 'clip'; readonly path: string }
  /** Any video file, in a loop, through ffmpeg. */
  | { readonly kind: 'file'; readonly path: string }
  /** An RTSP camera, over TCP, through ffmpeg. The URL may hold a password: it is never logged. */
  | { readonly kind: 'rtsp'; readonly url: string }
  /** A moving test picture with the camera's name and a clock, through ffmpeg. */
  | { readonly kind: 'pattern' };

/** Whom the camera shows itself to, whatever the relay says: its own list of subjects. */
export type SubjectPolicy =
  | { readonly mode: 'any' }
  | { readonly mode: 'list'; readonly subjects: readonly string[] }
  /** The first owner who watches is remembered in `file`; from then on, those in the file and nobody else. */
  | { readonly mode: 'learn'; readonly file: string };

export interface CameraSettings {
  /** The relay, as `http(s)://host:port` or `ws(s)://host:port`. */
  readonly relay: string;
  /** PEM file with the certificate of a private CA that signed the relay's. */
  readonly caFile?: string | undefined;
  /** Gives a token that is valid now. Asked before each connection, and before the last one expires. */
  readonly token: () => Promise<string>;
  /**
   * The name that the relay knows this camera by, exactly. Left out: the subject of its own token, by itself or behind a
   * namespace of the relay's that ends in `:`, `@` or `|`. A relay that calls the camera otherwise is not registered at.
   */
  readonly device?: string | undefined;
  /** What people call the camera. */
  readonly name?: string | undefined;
  readonly source: CameraSource;
  /** Viewers at once, 1 to 16; 4 when left out. One more is refused with `device-busy`. */
  readonly viewersMax?: number | undefined;
  /** The relay's keys for grants. Left out: those that the relay names when the camera registers. */
  readonly grantKeys?: JSONWebKeySet | undefined;
  /** `any` when left out. */
  readonly subjects?: SubjectPolicy | undefined;
}

export interface CameraPowers {
  readonly clock: Clock;
  readonly random: RandomSource;
}

/** Why a viewer is no longer served. */
export type ViewerEnd =
  | 'viewer-left'
  | 'relay-ended'
  | 'relay-lost'
  | 'connection-lost'
  | 'refused'
  | 'setup-failed'
  | 'certificate-refused'
  | 'grant-expired'
  | 'camera-stopping';

/** Why a source stopped by itself. It starts again, later and later, for as long as somebody watches. */
export type SourceFailure = 'exited' | 'silent' | 'malformed' | 'unreadable';

/** Why a camera does not stay registered, though the relay would have it. */
export type RegistrationRefusal = 'device-mismatch';

/** What a camera agent has to tell. Nothing here names a person or an address. */
export interface CameraObserver {
  registered?(device: string): void;
  /** The relay cannot be reached or refused the camera; the next try is in `retryMs`. `code` is from the table of errors, `detail` for a person. */
  disconnected?(code: string, retryMs: number, detail: string | undefined): void;
  /** The relay refused the camera's token. */
  tokenRefused?(code: string): void;
  /** The camera refused its registration: the relay called it by a name that is not its own. It tries again, as after a refused token. */
  registrationRefused?(reason: RegistrationRefusal): void;
  grantRefused?(reason: GrantRefusal): void;
  viewerRefused?(code: string): void;
  viewerJoined?(session: string): void;
  /** The first media packet is about to leave. */
  viewerConnected?(session: string): void;
  viewerLeft?(session: string, reason: ViewerEnd): void;
  sourceStarted?(): void;
  sourceStopped?(): void;
  sourceFailed?(reason: SourceFailure, retryMs: number): void;
  datagramDropped?(reason: DropReason): void;
}

export interface Camera {
  /** The name that the relay and the camera know it by; undefined before the first registration, and the same ever after. */
  readonly device: string | undefined;
  /** The SHA-256 fingerprint of its DTLS certificate, `AA:BB:…`; undefined before the first registration. */
  readonly fingerprint: string | undefined;
  readonly connected: boolean;
  readonly viewers: number;
  /** Leaves the relay, ends all viewers and every process that was started. Calling it twice does nothing. */
  close(): Promise<void>;
}
