import { request as httpRequest, type IncomingMessage } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { type Clock, LatchkeyError, limits } from '../base/index.ts';
import { refusalOfHttp, relayTarget, unreachable } from '../peer/index.ts';
import { type DeviceListing, deviceListing, read } from '../protocol/index.ts';

export interface DeviceQuestion {
  /** The relay, as `http(s)://host:port` or `ws(s)://host:port`. */
  readonly relay: string;
  readonly caFile?: string | undefined;
  readonly token: string;
}

/** Asks the relay which cameras the token's subject may see. Throws its refusal, or `relay-unreachable`. */
export async function listDevices(question: DeviceQuestion, clock: Clock): Promise<DeviceListing['devices']> {
  const target = relayTarget(question.relay, question.caFile);
  const url = new URL('devices', target.http);
  const response = await ask(url, question.token, target.ca, clock);
  if (response.status !== 200) throw refusalOfHttp(response.status, response.retryAfter, response.body, clock);
  let value: unknown;
  try {
    value = JSON.parse(response.body);
  } catch (cause) {
    throw new LatchkeyError('message-not-json', undefined, { cause });
  }
  return read(deviceListing, value).devices;
}

interface Answer {
  readonly status: number;
  readonly retryAfter: string | undefined;
  readonly body: string;
}

function ask(url: URL, token: string, ca: string | undefined, clock: Clock): Promise<Answer> {
  const { promise, resolve, reject } = Promise.withResolvers<Answer>();
  const options = {
    headers: { authorization: `Bearer ${token}`, accept: 'application/json' },
    ...(ca === undefined ? {} : { ca }),
  };
  const request = (url.protocol === 'https:' ? httpsRequest : httpRequest)(url, options);
  const timer = clock.after(limits.callMsMax, () => request.destroy(new Error('no answer in time')));
  request.once('error', (cause) => reject(unreachable(cause)));
  request.once('response', (response) => {
    bodyOf(response).then(
      (body) => resolve({ status: response.statusCode ?? 0, retryAfter: response.headers['retry-after'], body }),
      (cause: unknown) => reject(new LatchkeyError('relay-unreachable', undefined, { cause })),
    );
  });
  request.end();
  return promise.finally(() => {
    timer.cancel();
    request.destroy();
  });
}

async function bodyOf(response: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of response as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > limits.deviceListBytesMax) throw new LatchkeyError('message-too-large');
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}
