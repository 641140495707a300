import { createHmac, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Grant } from '../../../src/ownership/index.ts';

/** What a relay asked, as the service read it. */
export interface Asked {
  readonly ask: string;
  readonly subject: string;
  readonly device: string;
  readonly nonce: string;
  readonly askedMs: number;
  readonly limit: number;
}

/** How a test would have a question answered, in the place of the truth. */
export type Behaviour = (asked: Asked, response: ServerResponse, truth: Record<string, unknown>) => void;

/**
 * A maker's own service as its documentation says, written from that and not from the relay's code: it checks the MAC of each
 * question, and seals each answer.
 */
export async function makersService() {
  const key = randomBytes(24).toString('hex');
  const grants = new Map<string, Grant>();
  const asked: Asked[] = [];
  let behaviour: Behaviour = (_, response, truth) => send(response, truth);

  const seal = (fields: readonly (string | number)[]) => {
    const text = fields.map((field) => `${String(field).length}:${field}`).join('');
    return createHmac('sha256', key).update(text).digest('base64url');
  };

  /** The answer to a question, with its MAC; `more` replaces members before it is sealed. */
  function truthOf(question: Asked, more: Record<string, unknown> = {}): Record<string, unknown> {
    const { subject, nonce, ask } = question;
    const version = `${grants.size}`;
    if (ask === 'devices') {
      const devices = [...grants.values()]
        .filter((grant) => grant.subject === subject)
        .map(({ device, role, notAfterMs = null }) => ({ device, role, notAfterMs }))
        .slice(0, question.limit);
      const said = { subject, nonce, version, devices, ...more };
      const lines = said.devices.flatMap((each) => [each.device, each.role, each.notAfterMs ?? '']);
      const fields = [said.subject, said.nonce, said.version, said.devices.length, ...lines];
      return { ...said, mac: seal(['latchkey ownership devices 1', ...fields]) };
    }
    const { role = null, notAfterMs = null } = grants.get(`${subject} ${question.device}`) ?? {};
    const said = { subject, device: question.device, nonce, role, notAfterMs, version, ...more };
    const fields = [said.subject, said.device, said.nonce, said.role ?? '', said.notAfterMs ?? '', said.version];
    return { ...said, mac: seal(['latchkey ownership answer 1', ...fields]) };
  }

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const question = { device: '', ...JSON.parse(Buffer.concat(chunks).toString('utf8')) } as Asked;
    const { ask, subject, device, nonce, askedMs } = question;
    if (
      request.headers['latchkey-mac'] !== seal(['latchkey ownership question 1', ask, subject, device, nonce, askedMs])
    ) {
      response.writeHead(403).end();
      return;
    }
    asked.push(question);
    behaviour(question, response, truthOf(question));
  }

  const server = createServer((request, response) => void answer(request, response).catch(() => response.destroy()));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;

  return {
    url: `http://127.0.0.1:${port}/ownership`,
    key,
    asked,
    truthOf,
    server,
    behave(next: Behaviour) {
      behaviour = next;
    },
    beHonest() {
      behaviour = (_, response, truth) => send(response, truth);
    },
    grant(more: readonly Grant[]) {
      for (const grant of more) grants.set(`${grant.subject} ${grant.device}`, grant);
    },
    revoke({ subject, device }: Pick<Grant, 'subject' | 'device'>) {
      grants.delete(`${subject} ${device}`);
    },
    async close() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

export type MakersService = Awaited<ReturnType<typeof makersService>>;

export function send(response: ServerResponse, value: unknown): void {
  response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(value));
}
