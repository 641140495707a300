import { expect, test } from 'vitest';
import { relayTarget } from '../../src/peer/index.ts';

test.each([
  ['http://relay.example:8080', 'ws://relay.example:8080/webrtc', 'http://relay.example:8080/'],
  ['https://relay.example', 'wss://relay.example/webrtc', 'https://relay.example/'],
  ['ws://[::1]:8080/', 'ws://[::1]:8080/webrtc', 'http://[::1]:8080/'],
  [
    'wss://relay.example/behind/proxy/',
    'wss://relay.example/behind/proxy/webrtc',
    'https://relay.example/behind/proxy/',
  ],
])('%s has its WebSocket at %s', (relay, webSocket, http) => {
  const target = relayTarget(relay);
  expect([target.webSocket.href, target.http.href]).toEqual([webSocket, http]);
});

test.each([
  '',
  'relay.example',
  'ftp://relay.example',
  'http://a:b@relay.example',
  'http://relay.example/?access_token=x',
  'http://relay.example/#x',
])('%j is no relay', (relay) => {
  expect(() => relayTarget(relay)).toThrow(expect.objectContaining({ code: 'settings-invalid' }));
});

test('a CA file that cannot be read is named', () => {
  expect(() => relayTarget('https://relay.example', '/nowhere/ca.pem')).toThrow('/nowhere/ca.pem');
});
