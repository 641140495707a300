import {
  asLatchkeyError,
  inSlices,
  LatchkeyError,
  limits,
  noTracer,
  rescued,
  type SessionId,
  type Soon,
  Strangers,
  whenThere,
} from '../base/index.ts';
import {
  firstMessageHeader,
  firstMessageTaken,
  parseRpc,
  type RpcMessage,
  subprotocol,
  webSocketPath,
} from '../protocol/index.ts';
import type { AdmissionReadings, AdmissionSettings } from './admission/index.ts';
import { claimedToken, type Holder, holderOf, laneOfUpgrade, showsTicket, ticketHolder } from './bearer.ts';
import { type Drain, type DrainPlan, PacedDrain } from './drain/index.ts';
import { Routes } from './http/routes.ts';
import { Endpoint, type EndpointEvents } from './onvif/endpoint.ts';
import { type Core, coreOf, type SignalingParts } from './parts.ts';
import { demandUnrefused, type ThrownLevers } from './thrown.ts';
import type { Connection, HttpRequest, TransportHandlers, UpgradeDecision } from './transport/transport.ts';
import { offersSubprotocol } from './transport/upgrade.ts';

/** The ONVIF WebRTC server, WHEP and the list of devices, for a transport to carry. */
export interface Signaling extends TransportHandlers {
  /** Cameras that are registered now. */
  readonly devicesOnline: number;
  /** WebSockets that are open now. */
  readonly connections: number;
  /** Who waits to be let in, and how fast they are. */
  readonly admission: AdmissionReadings;
  /**
   * Ends the connections and live views that an operator has just thrown something against, many at a time, and tells each why. From the
   * moment that it was thrown they have no say. Says how many there were.
   */
  review(): Promise<{ readonly sessionsEnded: number; readonly connectionsClosed: number }>;
  /** What `review` would close and end if these levers were thrown, without doing it. A live view may be named twice. */
  opposed(levers: ThrownLevers): Promise<{ readonly sessions: readonly SessionId[]; readonly connections: number }>;
  /** Lets in by other bounds from here on. */
  useAdmission(settings: AdmissionSettings): void;
  /**
   * Begins to move everybody elsewhere, once: a second call joins the first. New work is refused after `leadMs`, each connection is
   * told when to come back, and live views end as `relay-moving`. `refusing` is called when new work is refused.
   */
  drain(plan: DrainPlan, refusing?: () => void): Drain;
  /** Tells everyone that the relay stops, ends all sessions, and takes nothing new. */
  stop(): void;
}

/** Makes the one signaling server of a relay. It opens nothing by itself: a transport carries it. */
export function createSignaling(parts: SignalingParts): Signaling {
  const core = coreOf(parts);
  const routes = new Routes(core);
  const endpoints = new Set<Endpoint>();
  const unverified = new Strangers<Endpoint>(unverifiedMax(core), limits.connectionsUnregisteredPerAddressMax);
  const events: EndpointEvents = {
    verified: (endpoint) => unverified.delete(endpoint),
    left(endpoint) {
      endpoints.delete(endpoint);
      unverified.delete(endpoint);
    },
  };
  let stopped = false;
  let drain: Drain | undefined;

  /** Whose request it is, when it may come in. */
  function admitted(request: HttpRequest): Soon<Holder | undefined> {
    const lane = laneOfUpgrade(core, request);
    core.admission.count(lane, request.remoteAddress);
    const ticket = ticketHolder(core, request);
    if (ticket === undefined) core.admission.demandCalm(lane, claimedToken(request));
    return whenThere(holderOf(core, request, lane, ticket), (holder) => {
      if (holder !== undefined) demandUnrefused(core, holder);
      if (holder?.kind === 'camera') core.admission.demandRegistration(holder.device);
      if (holder?.kind === 'viewer') core.crowd.demandRoom(holder.subject);
      return holder;
    });
  }

  function serve(
    connection: Connection,
    holder: Holder | undefined,
    came: Arrival,
    first: RpcMessage | undefined,
  ): Endpoint {
    const endpoint = new Endpoint(core, connection, holder && came.traceparent, events);
    endpoints.add(endpoint);
    if (holder === undefined) unverified.add(endpoint, came.remoteAddress);
    if (stopped) endpoint.stop();
    // It was let in before the drain began, and opens only now: nobody but the end of the drain would tell it.
    else if (core.moving.begun) endpoint.move();
    else if (holder !== undefined) endpoint.begin(holder, first);
    return endpoint;
  }

  function decide(request: HttpRequest): Soon<UpgradeDecision> {
    if (stopped) throw core.admission.comeBack();
    core.moving.demandStay();
    if (request.path !== webSocketPath) throw new LatchkeyError('not-found');
    if (!offersSubprotocol(request, subprotocol)) throw new LatchkeyError('subprotocol-missing');
    // What it came with, and not the request: whoever is connected would hold that for as long as they are.
    const came = { remoteAddress: request.remoteAddress, traceparent: request.header('traceparent') };
    const text = request.header(firstMessageHeader);
    return whenThere(
      traced(core, came.traceparent, () => admitted(request)),
      (holder) => {
        core.moving.demandStay();
        if (holder === undefined && !unverified.hasRoomFor(came.remoteAddress)) throw core.admission.comeBack();
        const first = holder === undefined || text === undefined ? undefined : firstMessageIn(text);
        return {
          subprotocol,
          headers: first === undefined ? undefined : saysTaken,
          open: (connection) => serve(connection, holder, came, first),
        };
      },
    );
  }

  return {
    get devicesOnline() {
      return core.registrations.size;
    },
    get connections() {
      return endpoints.size;
    },
    get admission() {
      return core.admission.readings;
    },
    request(request) {
      return routes.answer(request);
    },
    canWait: showsTicket,
    upgrade(request) {
      return rescued(
        () => decide(request),
        (thrown) => ({ refuse: routes.refusal(thrown) }),
      );
    },
    async review() {
      let sessionsEnded = 0;
      const [connectionsClosed, ...others] = await Promise.all([
        inSlices(core.clock, endpoints, (endpoint) => {
          const ended = endpoint.review();
          sessionsEnded += ended ?? 0;
          return ended !== undefined;
        }),
        core.registrations.reviewAway(),
        routes.whep.review(),
      ]);
      return { connectionsClosed, sessionsEnded: others.reduce((sum, ended) => sum + ended, sessionsEnded) };
    },
    async opposed(levers) {
      const sessions: SessionId[] = [...core.registrations.opposedAway(levers), ...routes.whep.opposed(levers)];
      let connections = 0;
      await inSlices(core.clock, endpoints, (endpoint) => {
        const opposed = endpoint.opposed(levers);
        if (opposed !== undefined) connections += 1;
        if (opposed !== undefined) sessions.push(...opposed);
        return false;
      });
      return { sessions, connections };
    },
    useAdmission(settings) {
      core.admission.useSettings(settings);
    },
    drain(plan, refusing) {
      drain ??= new PacedDrain(plan, {
        clock: core.clock,
        random: core.random,
        moving: core.moving,
        connections: endpoints,
        sessions: () => core.sessions.size,
        refuse() {
          core.registrations.hasten();
          refusing?.();
        },
        endAll: () => void core.sessions.endWhere(() => true, 'relay-moving'),
      });
      return drain;
    },
    stop() {
      stopped = true;
      routes.stop(() => core.admission.comeBack());
      for (const endpoint of [...endpoints]) endpoint.stop();
    },
  };
}

/** Who is not verified has no say in where a trace goes: so the span begins when it is known who came. */
function traced(
  { clock, tracer }: Core,
  traceparent: string | undefined,
  admit: () => Soon<Holder | undefined>,
): Soon<Holder | undefined> {
  if (tracer === noTracer) return admit();
  const beganMs = clock.now();
  const failed = (thrown: unknown): never => {
    tracer.begin('upgrade', undefined, beganMs).end(asLatchkeyError(thrown).code);
    throw thrown;
  };
  const ended = (holder: Holder | undefined) => {
    if (holder !== undefined) tracer.begin('upgrade', traceparent, beganMs).end('ok');
    return holder;
  };
  return whenThere(rescued(admit, failed), ended);
}

interface Arrival {
  readonly remoteAddress: string;
  readonly traceparent: string | undefined;
}

const saysTaken = { [firstMessageHeader]: firstMessageTaken };

const visibleAscii = /^[\x20-\x7e]*$/;

/**
 * What came along to be the connection's first message. Undefined for what is too long or none, and for what is not ASCII, which different servers
 * read in different ways: that is still to be sent, and gets its answer then.
 */
function firstMessageIn(text: string): RpcMessage | undefined {
  if (text.length > limits.firstMessageCharactersMax || !visibleAscii.test(text)) return undefined;
  try {
    return parseRpc(text);
  } catch {
    return undefined;
  }
}

function unverifiedMax(core: Core): number {
  return Math.min(core.settings.unregisteredMax, limits.connectionsUnregisteredMax);
}
