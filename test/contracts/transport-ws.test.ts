import { describe, it } from 'vitest';
import { openWsTransport } from '../../src/signaling/transport/ws-transport.ts';
import { transportClaims } from './transport.ts';

describe('the transport on ws', () => {
  for (const { name, slow, claim } of transportClaims) {
    const test = slow ? it.concurrent : it;
    test(name, () => claim(openWsTransport));
  }
});
