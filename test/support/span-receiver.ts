import { once } from 'node:events';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';

/** A span as a receiver of OTLP (JSON over HTTP) gets it. */
export interface ReceivedSpan {
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId: string | undefined;
  readonly name: string;
  readonly kind: number;
  readonly startTimeUnixNano: string;
  readonly endTimeUnixNano: string;
  readonly status: { readonly code?: number };
  /** By their names. */
  readonly attributes: Readonly<Record<string, unknown>>;
}

interface Export {
  readonly resourceSpans: readonly {
    readonly resource: { readonly attributes: readonly Attribute[] };
    readonly scopeSpans: readonly {
      readonly spans: readonly (Omit<ReceivedSpan, 'attributes'> & { attributes: Attribute[] })[];
    }[];
  }[];
}

interface Attribute {
  readonly key: string;
  readonly value: { readonly stringValue?: string };
}

/** Somewhere that takes spans by OTLP over HTTP, and keeps them. `answer`: what it does in the place of taking them. */
export async function spanReceiver(answer?: RequestListener) {
  const spans: ReceivedSpan[] = [];
  const resources: Readonly<Record<string, unknown>>[] = [];
  let exports = 0;
  let wake = Promise.withResolvers<void>();
  const server = createServer((request, response) => {
    exports += 1;
    wake.resolve();
    if (answer !== undefined) return answer(request, response);
    let text = '';
    request.setEncoding('utf8').on('data', (part: string) => {
      text += part;
    });
    request.on('end', () => {
      for (const { resource, scopeSpans } of (JSON.parse(text) as Export).resourceSpans) {
        resources.push(named(resource.attributes));
        spans.push(
          ...scopeSpans.flatMap((each) => each.spans.map((span) => ({ ...span, attributes: named(span.attributes) }))),
        );
      }
      response.writeHead(200, { 'content-type': 'application/json' }).end('{}');
      wake.resolve();
      wake = Promise.withResolvers();
    });
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const find = (name: string) => spans.find((span) => span.name === name);
  return {
    endpoint: `http://127.0.0.1:${port}/v1/traces`,
    spans,
    resources,
    get exports() {
      return exports;
    },
    /** Resolves once something was sent here. */
    reached: () => (exports > 0 ? Promise.resolve() : wake.promise),
    /** The first span of that name, as soon as there is one. */
    async span(name: string): Promise<ReceivedSpan> {
      for (;;) {
        const found = find(name);
        if (found !== undefined) return found;
        await wake.promise;
      }
    },
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

function named(attributes: readonly Attribute[]): Readonly<Record<string, unknown>> {
  return Object.fromEntries(attributes.map(({ key, value }) => [key, value.stringValue ?? value]));
}
