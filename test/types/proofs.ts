// What the compiler refuses. It reads this file with all others; an expected error that does not come is itself an error.
import type { DeviceId, SessionId, SubjectId } from '../../src/base/index.ts';
import type { Identity, VerifiedCamera, VerifiedViewer } from '../../src/identity/index.ts';
import type { Ownership, OwnershipProof } from '../../src/ownership/index.ts';
import type { GrantedSession, GrantSigner, Pairing, Sessions, VerifiedPair } from '../../src/pairing/index.ts';
import type { IceCredentials, Relay, WireEvents } from '../../src/relay/index.ts';

declare const viewer: VerifiedViewer;
declare const camera: VerifiedCamera;
declare const proof: OwnershipProof;
declare const pair: VerifiedPair;
declare const subject: SubjectId;
declare const device: DeviceId;
declare const session: SessionId;
declare const granted: GrantedSession;
declare const ice: IceCredentials;
declare const events: WireEvents;

/** What is refused for a reason that this file names; the real thing passes beside it. */
export function refusedByTheCompiler(
  identity: Identity,
  ownership: Ownership,
  pairing: Pairing,
  sessions: Sessions,
  grants: GrantSigner,
  relay: Relay,
): unknown[] {
  const members = { ...pair };
  const likeViewer = { kind: 'viewer' as const, subject, evidence: viewer.evidence, toJSON: viewer.toJSON };
  const likeProof = { subject, device, role: proof.role, notAfterMs: undefined, source: 'x', version: '1' };

  return [
    // A pair is nothing but a pair.
    sessions.open(pair),
    // @ts-expect-error an object with a pair's members
    sessions.open(members),
    // @ts-expect-error the same, with its method
    sessions.open({ ...members, toJSON: pair.toJSON }),
    // @ts-expect-error a boolean is no proof
    sessions.open(true),
    // @ts-expect-error two names are no proof
    sessions.open({ subject, device }),
    // @ts-expect-error a viewer is no pair
    sessions.open(viewer),
    // @ts-expect-error ownership alone is no pair
    sessions.open(proof),
    // @ts-expect-error nothing is no pair
    sessions.open(undefined),

    relay.reserve(pair, session),
    // @ts-expect-error the relay's door takes a pair
    relay.reserve(members, session),
    // @ts-expect-error and no boolean
    relay.reserve(true, session),
    // @ts-expect-error and no session in its place
    relay.reserve(sessions.open(pair), session),
    // @ts-expect-error a text is no session's id
    relay.reserve(pair, 'session'),

    grants.sign(pair, granted, []),
    // @ts-expect-error a grant is for a pair
    grants.sign(members, granted, []),

    // A viewer's proof is neither a likeness nor a camera's.
    pairing.pair(viewer, device),
    // @ts-expect-error an object with a viewer's members
    pairing.pair(likeViewer, device),
    // @ts-expect-error a camera watches nothing
    pairing.pair(camera, device),
    // @ts-expect-error a subject's name is no proof
    pairing.pair(subject, device),
    // @ts-expect-error a text is no device's id
    pairing.pair(viewer, 'cam1'),
    // @ts-expect-error a subject's id is no device's
    pairing.pair(viewer, subject),
    // @ts-expect-error an object with a viewer's members
    ownership.may(likeViewer, device),

    sessions.ofCamera('id', camera),
    // @ts-expect-error a viewer is no camera
    sessions.ofCamera('id', viewer),
    // @ts-expect-error a device's id is no proof
    sessions.ofCamera('id', device),
    // @ts-expect-error a viewer reaches a session with a pair, not with a token
    sessions.ofViewer('id', viewer),

    // @ts-expect-error ownership's answer is a proof, not a literal
    likeProof satisfies OwnershipProof,
    // @ts-expect-error a token is verified as a secret, never as a bare text
    identity.verify('token'),
  ];
}

/** A proof does not change, and a question about ownership has no yes or no for an answer. */
export async function readOnlyByTheCompiler(ownership: Ownership): Promise<void> {
  // @ts-expect-error a pair's device is fixed
  pair.device = device;
  // @ts-expect-error a session's pair is not exchanged
  (({}) as ReturnType<Sessions['open']>).pair = pair;
  const answer = await ownership.may(viewer, device);
  // @ts-expect-error the answer is no boolean
  if (answer === true) return;
  const granted: OwnershipProof = answer;
  void granted;
}
