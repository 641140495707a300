import {
  asLatchkeyError,
  type DeviceId,
  deviceId,
  inSlices,
  LatchkeyError,
  limits,
  type SessionId,
  type Span,
} from '../../base/index.ts';
import type { VerifiedViewer } from '../../identity/index.ts';
import type { VerifiedPair } from '../../pairing/index.ts';
import { demandFeature, pairFor, registrationFor } from '../asking.ts';
import { viewerOf } from '../bearer.ts';
import { LiveView } from '../live-view.ts';
import type { Core } from '../parts.ts';
import {
  type Description,
  readDescription,
  readIceFragment,
  withIceCredentials,
  withRelayCandidates,
  writeIceFragment,
} from '../sdp/index.ts';
import { demandOn, type ThrownLevers } from '../thrown.ts';
import { tracedEnd } from '../traced-end.ts';
import type { HttpRequest, HttpResponse } from '../transport/transport.ts';
import type { View, ViewerEnd } from '../view.ts';

const fragmentType = 'application/trickle-ice-sdpfrag';

/** A live view that was opened over HTTP, and the entity tag of its ICE session. */
interface WhepSession {
  readonly view: LiveView;
  etag: string;
}

/**
 * WHEP (draft-ietf-wish-whep-03, on the ground of RFC 9725). Each request is authorized by its own token, from the
 * beginning: the URL of a session is a name, and knowing it is worth nothing.
 */
export class Whep {
  readonly #core: Core;
  readonly #sessions = new Map<string, WhepSession>();
  /** Those too that are not open yet. */
  readonly #views = new Set<LiveView>();

  constructor(core: Core) {
    this.#core = core;
  }

  /** How many live views this is the end of. */
  get size(): number {
    return this.#sessions.size;
  }

  /** Ends the live views of devices for which this is switched off. Says how many. */
  review(): Promise<number> {
    const { clock, levers } = this.#core;
    return inSlices(clock, this.#views, ({ session }) => {
      if (levers.isOn('whep', session.pair.device)) return false;
      session.end('switched-off');
      return true;
    });
  }

  /** The live views of devices for which those levers would switch this off. */
  opposed(levers: ThrownLevers): SessionId[] {
    const sessions = [...this.#views].map(({ session }) => session);
    return sessions.filter(({ pair }) => !levers.isOn('whep', pair.device)).map(({ id }) => id);
  }

  /** `POST /whep/{device}`: the viewer's offer; 201 with the camera's answer. */
  async open(request: HttpRequest, device: DeviceId): Promise<HttpResponse> {
    const beganMs = this.#core.clock.now();
    const viewer = await viewerOf(this.#core, request);
    const span = this.#core.tracer.begin('connect', request.header('traceparent'), beganMs);
    try {
      const response = await this.#open(request, device, viewer, span);
      span.end('ok');
      return response;
    } catch (thrown) {
      span.end(asLatchkeyError(thrown).code);
      throw thrown;
    }
  }

  async #open(request: HttpRequest, device: DeviceId, viewer: VerifiedViewer, span: Span): Promise<HttpResponse> {
    demandType(request, 'application/sdp');
    const offer = readDescription((await request.body(limits.sdpBytesMax)).toString('utf8'), 'offer');
    const pair = await pairFor(this.#core, viewer, device, span);
    demandFeature(this.#core, 'whep', viewer, pair);
    const registration = registrationFor(this.#core, viewer, pair);
    if (!registration.answers) throw new LatchkeyError('device-cannot-answer');
    const { answer, session } = await new Promise<{ answer: Description; session: WhepSession }>((resolve, reject) => {
      const end = tracedEnd(this.#end(viewer, resolve, reject), 'whep', span);
      const view = new LiveView(this.#core, { kind: 'whep', pair, registration, end, offer, profile: undefined });
      this.#views.add(view);
      view.session.ended.addEventListener('abort', () => this.#views.delete(view), { once: true });
      if (view.session.ended.aborted) this.#views.delete(view);
      const leave = () => view.session.end('viewer-left');
      if (request.aborted.aborted) leave();
      else request.aborted.addEventListener('abort', leave, { once: true, signal: view.session.ended });
    });
    return {
      status: 201,
      headers: {
        'Content-Type': 'application/sdp',
        'Cache-Control': 'no-store',
        Location: `/whep/${encodeURIComponent(device)}/${session.view.session.id}`,
        ETag: session.etag,
        'Accept-Patch': fragmentType,
      },
      body: withRelayCandidates(answer, session.view.addresses),
    };
  }

  /** `PATCH` on a session: trickled candidates, which go nowhere (204), or an ICE restart (200 with the new credentials). */
  async change(request: HttpRequest, device: DeviceId, id: string): Promise<HttpResponse> {
    const { session } = await this.#demand(request, device, id);
    demandOn(this.#core, 'whep', device);
    demandType(request, fragmentType);
    const match = request.header('if-match');
    if (match === undefined) throw new LatchkeyError('precondition-required');
    const { ice, candidates } = readIceFragment((await request.body(limits.sdpBytesMax)).toString('utf8'));
    if (match !== '*' && match !== session.etag) throw new LatchkeyError('precondition-failed');
    const current = session.view.viewerDescription;
    if (ice === undefined || (ice.ufrag === current.ice.ufrag && ice.password === current.ice.password)) {
      for (const candidate of candidates) session.view.trickled('viewer', candidate);
      return { status: 204, headers: { 'Cache-Control': 'no-store' } };
    }
    const answered = await new Promise<Description | LatchkeyError>((resolve) => {
      session.view.restart(withIceCredentials(current, ice), resolve);
    });
    if (answered instanceof LatchkeyError) throw answered;
    session.etag = this.#newEtag();
    return {
      status: 200,
      headers: { 'Content-Type': fragmentType, 'Cache-Control': 'no-store', ETag: session.etag },
      body: writeIceFragment(answered, session.view.addresses),
    };
  }

  /** `DELETE` on a session ends it. */
  async end(request: HttpRequest, device: DeviceId, id: string): Promise<HttpResponse> {
    const { session } = await this.#demand(request, device, id);
    session.view.session.end('viewer-left');
    return { status: 200, headers: { 'Cache-Control': 'no-store' } };
  }

  /** The session of that URL, for whoever may have it now. Who may not any more loses it. */
  async #demand(request: HttpRequest, device: DeviceId, id: string): Promise<{ session: WhepSession }> {
    const viewer = await viewerOf(this.#core, request);
    const pair = await this.#pair(viewer, device, id);
    this.#core.sessions.ofViewer(id, pair);
    const session = this.#sessions.get(id);
    if (session === undefined) throw new LatchkeyError('session-unknown');
    return { session };
  }

  async #pair(viewer: VerifiedViewer, device: DeviceId, id: string): Promise<VerifiedPair> {
    try {
      return await pairFor(this.#core, viewer, device);
    } catch (thrown) {
      const held = this.#sessions.get(id)?.view.session;
      if (
        thrown instanceof LatchkeyError &&
        thrown.code === 'not-allowed' &&
        held?.pair.subject === viewer.subject &&
        held.pair.device === device
      )
        held.end('revoked');
      throw thrown;
    }
  }

  #end(
    viewer: VerifiedViewer,
    opened: (open: { answer: Description; session: WhepSession }) => void,
    refused: (error: LatchkeyError) => void,
  ): ViewerEnd {
    return {
      viewer,
      opened: (view, { answer }) => {
        if (answer === undefined || !(view instanceof LiveView)) throw new TypeError('WHEP opens with an answer.');
        const session: WhepSession = { view, etag: this.#newEtag() };
        this.#sessions.set(view.session.id, session);
        opened({ answer, session });
      },
      refused: (_view, error) => refused(error),
      invite: () => {
        throw new TypeError('WHEP takes no offers.');
      },
      ended: (view: View) => {
        this.#sessions.delete(view.session.id);
      },
    };
  }

  #newEtag(): string {
    return `"${this.#core.random.bytes(9).toString('base64url')}"`;
  }
}

/** Reads the part of a WHEP path that names a device. Throws `id-invalid`. */
export function deviceOfPath(part: string): DeviceId {
  try {
    return deviceId(decodeURIComponent(part));
  } catch (thrown) {
    throw thrown instanceof URIError ? new LatchkeyError('id-invalid') : thrown;
  }
}

function demandType(request: HttpRequest, type: string): void {
  const [given = ''] = (request.header('content-type') ?? '').split(';');
  if (given.trim().toLowerCase() !== type) throw new LatchkeyError('media-type');
}
