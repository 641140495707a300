import { asLatchkeyError, LatchkeyError } from '../../base/index.ts';
import type { Core } from '../parts.ts';
import type { HttpRequest, HttpResponse } from '../transport/transport.ts';
import { optionsResponse, withCrossOrigin } from './cross-origin.ts';
import { devices } from './devices.ts';
import { problem } from './problem.ts';
import { deviceOfPath, Whep } from './whep.ts';

type Handler = (request: HttpRequest) => Promise<HttpResponse>;

/** One address: what it does for each method, and what `OPTIONS` says besides. */
interface Route {
  readonly methods: Readonly<Record<string, Handler>>;
  readonly options?: Readonly<Record<string, string>>;
  /** It begins something, which a relay that is about to end does not. */
  readonly begins?: true;
}

/** Answers every HTTP request: signaling's own addresses first, then the hand-in's, then `not-found`. */
export class Routes {
  readonly #core: Core;
  readonly whep: Whep;
  #refusal: (() => LatchkeyError) | undefined;

  constructor(core: Core) {
    this.#core = core;
    this.whep = new Whep(core);
  }

  /** From now on signaling's own addresses answer with such an error. */
  stop(refusal: () => LatchkeyError): void {
    this.#refusal = refusal;
  }

  async answer(request: HttpRequest): Promise<HttpResponse> {
    const route = this.#route(request.path);
    if (route !== undefined) return withCrossOrigin(await this.#perform(route, request));
    try {
      const response = await this.#core.web?.(request);
      if (response !== undefined) return response;
      throw new LatchkeyError('not-found');
    } catch (thrown) {
      return this.refusal(thrown);
    }
  }

  /** Whatever was thrown, as a problem document. */
  refusal(thrown: unknown): HttpResponse {
    const error = asLatchkeyError(thrown);
    if (error.code === 'internal') this.#core.observer.internal?.(thrown);
    this.#core.observer.refused?.(error.code, 'http');
    return problem(error, this.#core.settings.realm);
  }

  async #perform(route: Route, request: HttpRequest): Promise<HttpResponse> {
    const allowed = [...Object.keys(route.methods), 'OPTIONS'];
    if (request.method === 'OPTIONS') return optionsResponse(allowed, route.options);
    try {
      if (this.#refusal !== undefined) throw this.#refusal();
      if (route.begins) this.#core.moving.demandStay();
      const handler = Object.hasOwn(route.methods, request.method) ? route.methods[request.method] : undefined;
      if (handler === undefined) throw new LatchkeyError('method-not-allowed');
      return await handler(request);
    } catch (thrown) {
      const refusal = this.refusal(thrown);
      return refusal.status === 405
        ? { ...refusal, headers: { ...refusal.headers, Allow: allowed.join(', ') } }
        : refusal;
    }
  }

  #route(path: string): Route | undefined {
    const [, first, device, session, ...rest] = path.split('/');
    if (first === 'devices' && device === undefined)
      return { methods: { GET: (request) => devices(this.#core, request) }, begins: true };
    if (first !== 'whep' || device === undefined || device === '' || session === '' || rest.length > 0)
      return undefined;
    if (session === undefined) {
      return {
        methods: { POST: (request) => this.whep.open(request, deviceOfPath(device)) },
        options: { 'Accept-Post': 'application/sdp' },
        begins: true,
      };
    }
    return {
      methods: {
        PATCH: (request) => this.whep.change(request, deviceOfPath(device), session),
        DELETE: (request) => this.whep.end(request, deviceOfPath(device), session),
      },
      options: { 'Accept-Patch': 'application/trickle-ice-sdpfrag' },
    };
  }
}
