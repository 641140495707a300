import { inSlices, LatchkeyError, limits, Strangers } from '../base/index.ts';
import { subprotocol, webSocketPath } from '../protocol/index.ts';
import type { AdmissionReadings } from './admission/index.ts';
import { claimOf, type Holder, holderOf, ticketHolder } from './bearer.ts';
import { Routes } from './http/routes.ts';
import { Endpoint } from './onvif/endpoint.ts';
import { type Core, coreOf, type SignalingParts } from './parts.ts';
import { demandUnrefused } from './thrown.ts';
import type { HttpRequest, TransportHandlers, UpgradeDecision } from './transport/transport.ts';

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

  /** Whose request it is, when it may come in. */
  async function admitted(request: HttpRequest): Promise<Holder | undefined> {
    const { lane, token } = claimOf(core, request);
    core.admission.count(lane, request.remoteAddress);
    const ticket = ticketHolder(core, request);
    core.admission.demandCalm(lane, token, ticket !== undefined);
    const holder = await holderOf(core, request, lane, ticket);
    if (holder !== undefined) demandUnrefused(core, holder);
    if (holder?.kind === 'camera') core.admission.demandRegistration(holder.device);
    if (holder?.kind === 'viewer') core.crowd.demandRoom(holder.subject);
    return holder;
  }

  async function decide(request: HttpRequest): Promise<UpgradeDecision> {
    if (stopped) throw core.admission.comeBack();
    if (request.path !== webSocketPath) throw new LatchkeyError('not-found');
    if (!offers(request, subprotocol)) throw new LatchkeyError('subprotocol-missing');
    const holder = await admitted(request);
    if (holder === undefined && !unverified.hasRoomFor(request.remoteAddress)) throw core.admission.comeBack();
    return {
      subprotocol,
      open(connection) {
        const endpoint: Endpoint = new Endpoint(core, connection, {
          verified: () => unverified.delete(endpoint),
          left: () => {
            endpoints.delete(endpoint);
            unverified.delete(endpoint);
          },
        });
        endpoints.add(endpoint);
        if (holder === undefined) unverified.add(endpoint, request.remoteAddress);
        if (stopped) endpoint.stop();
        else if (holder !== undefined) endpoint.begin(holder);
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
