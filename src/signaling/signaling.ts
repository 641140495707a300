import { LatchkeyError, limits, Strangers } from '../base/index.ts';
import { subprotocol, webSocketPath } from '../protocol/index.ts';
import type { AdmissionReadings, AdmissionSettings } from './admission/index.ts';
import { claimOf, type Holder, holderOf, ticketHolder } from './bearer.ts';
import { type Drain, type DrainPlan, PacedDrain } from './drain/index.ts';
import { Routes } from './http/routes.ts';
import { Endpoint } from './onvif/endpoint.ts';
import { type Core, coreOf, type SignalingParts } from './parts.ts';
import type { HttpRequest, TransportHandlers, UpgradeDecision } from './transport/transport.ts';

/** The ONVIF WebRTC server, WHEP and the list of devices, for a transport to carry. */
export interface Signaling extends TransportHandlers {
  /** Cameras that are registered now. */
  readonly devicesOnline: number;
  /** WebSockets that are open now. */
  readonly connections: number;
  /** Who waits to be let in, and how fast they are. */
  readonly admission: AdmissionReadings;
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
  let stopped = false;
  let drain: Drain | undefined;

  /** Whose request it is, when it may come in. */
  async function admitted(request: HttpRequest): Promise<Holder | undefined> {
    const { lane, token } = claimOf(core, request);
    core.admission.count(lane, request.remoteAddress);
    const ticket = ticketHolder(core, request);
    core.admission.demandCalm(lane, token, ticket !== undefined);
    const holder = await holderOf(core, request, lane, ticket);
    if (holder?.kind === 'camera') core.admission.demandRegistration(holder.device);
    return holder;
  }

  async function decide(request: HttpRequest): Promise<UpgradeDecision> {
    if (stopped) throw core.admission.comeBack();
    core.moving.demandStay();
    if (request.path !== webSocketPath) throw new LatchkeyError('not-found');
    if (!offers(request, subprotocol)) throw new LatchkeyError('subprotocol-missing');
    const holder = await admitted(request);
    core.moving.demandStay();
    if (holder === undefined && !unverified.hasRoomFor(request.remoteAddress)) throw core.admission.comeBack();
    return {
      subprotocol,
      open(connection) {
        const endpoint: Endpoint = new Endpoint(core, connection, holder, {
          verified: () => unverified.delete(endpoint),
          left: () => {
            endpoints.delete(endpoint);
            unverified.delete(endpoint);
          },
        });
        endpoints.add(endpoint);
        if (holder === undefined) unverified.add(endpoint, request.remoteAddress);
        if (stopped) endpoint.stop();
        else if (core.moving.begun) endpoint.move();
        return endpoint;
      },
    };
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
    async upgrade(request) {
      try {
        return await decide(request);
      } catch (thrown) {
        return { refuse: routes.refusal(thrown) };
      }
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

function offers(request: HttpRequest, wanted: string): boolean {
  const offered = request.header('sec-websocket-protocol')?.split(',') ?? [];
  return offered.some((name) => name.trim() === wanted);
}

function unverifiedMax(core: Core): number {
  return Math.min(core.settings.unregisteredMax, limits.connectionsUnregisteredMax);
}
