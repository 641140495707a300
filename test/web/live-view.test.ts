import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { FirstFrameTiming, StateName } from '../../src/web/client/live-view.ts';
import { type Call, openStage, type Stage } from './stage.ts';

let stage: Stage;

beforeAll(async () => {
  stage = await openStage();
});

afterAll(() => stage[Symbol.asyncDispose]());

beforeEach(() => stage.reset());

/** Puts a view into the page. Its token changes each time it is asked for, when it is `renewable`. */
function show(device: string, { renewable = false } = {}): Promise<void> {
  return stage.page.evaluate(
    ([id, fresh]) => {
      const view = document.createElement('live-view');
      let asked = 0;
      view.token = fresh ? async () => `token-${++asked}` : 'token';
      view.device = id;
      document.body.append(view);
    },
    [device, renewable] as const,
  );
}

/** Waits until the first view of the page is in that state. */
async function state(name: StateName): Promise<void> {
  await stage.page.waitForSelector(`live-view[state=${name}]`, { state: 'attached' });
}

/** Shows a picture, and gives the call that asked for it. */
async function live(device: string, session = 's1', options = {}): Promise<Call> {
  await show(device, options);
  const call = await stage.next('connect');
  call.result({ session, answer: await stage.answer(call) });
  await state('live');
  return call;
}

function read<T>(look: (view: HTMLElementTagNameMap['live-view']) => T): Promise<T> {
  return stage.page.evaluate(`(${look})(document.querySelector('live-view'))`) as Promise<T>;
}

const status = () => read((view) => view.shadowRoot?.querySelector('.status')?.textContent);
const hasPicture = () => read((view) => view.video.srcObject !== null);

describe('a live view', () => {
  test('shows the camera, and says how long each step took', async () => {
    await stage.page.evaluate(() => {
      const view = document.createElement('live-view');
      view.token = 'token';
      view.device = 'front-door';
      Object.assign(window, {
        timing: new Promise((done) =>
          view.addEventListener('firstframe', (event) => done((event as CustomEvent).detail)),
        ),
      });
      document.body.append(view);
    });
    const call = await stage.next('connect');
    call.result({ session: 's1', answer: await stage.answer(call) });
    await state('live');
    const timing = (await stage.page.evaluate('timing')) as FirstFrameTiming;
    const { totalMs, ...steps } = timing;
    expect(Object.keys(steps)).toEqual(['signalingMs', 'iceMs', 'dtlsMs', 'firstPacketMs', 'firstFrameMs']);
    expect(Object.values(steps).reduce((sum, step) => sum + step, 0)).toBeCloseTo(totalMs, 3);
    for (const step of Object.values(steps)) expect(step).toBeGreaterThanOrEqual(0);
    expect(
      await read((view) => [view.video.videoWidth, view.video.muted, view.peerConnection?.connectionState]),
    ).toEqual([300, true, 'connected']);
  });

  test('asks by the protocol, and puts its token into no address', async () => {
    await show('front-door');
    const { params } = await stage.next('connect');
    expect(params).toMatchObject({ peer: 'front-door', authorization: 'token' });
    expect(params.offer).toContain('a=recvonly');
    expect(params.offer).not.toContain('a=sendrecv');
    expect(stage.opened).toEqual(['/webrtc']);
  });

  test('takes the offer of a camera that makes its own', async () => {
    await show('front-door');
    const call = await stage.next('connect');
    call.result({ session: 's1' });
    const offer = await stage.offer();
    call.socket.send(JSON.stringify({ jsonrpc: '2.0', id: 7, method: 'invite', params: { session: 's1', offer } }));
    const { params } = await stage.next('result');
    await stage.accept(String(params.answer));
    await state('live');
  });

  test('shares its connection with the other views of the page', async () => {
    await show('front-door');
    await show('garden');
    await stage.next('connect');
    await stage.next('connect');
    expect(stage.opened.length).toBe(1);
  });

  test.each([
    [403, 'not-allowed', 'not-allowed', 'You may not watch this device, or it does not exist.'],
    [401, 'token-expired', 'expired', 'The token has expired. Sign in again.'],
    [480, 'device-offline', 'offline', 'The camera is not connected right now.'],
    [1001, 'device-busy', 'busy', 'The camera has as many viewers as it can serve.'],
    [400, 'sdp-malformed', 'failed', 'The session description cannot be read (RFC 8866).'],
  ] as const)('that is refused (%i %s) says so in the relay’s words', async (code, reason, name, words) => {
    await show('front-door');
    (await stage.next('connect')).error(code, words, { reason });
    await state(name);
    expect(await status()).toBe(words);
    expect(await hasPicture()).toBe(false);
  });

  test('is gone from the screen as soon as its permission is', async () => {
    const { socket } = await live('front-door');
    expect(await hasPicture()).toBe(true);
    const error = { code: 410, message: 'Taken back.', session: 's1', data: { reason: 'revoked' } };
    socket.send(JSON.stringify({ jsonrpc: '2.0', error }));
    await state('not-allowed');
    expect(await hasPicture()).toBe(false);
    expect(await read((view) => view.peerConnection)).toBeUndefined();
    expect(await status()).toBe('Taken back.');
  });

  test('comes back by itself when the connection breaks', async () => {
    const { socket } = await live('front-door');
    socket.terminate();
    const again = await stage.next('connect');
    again.result({ session: 's2', answer: await stage.answer(again) });
    await state('live');
    expect(stage.opened.length).toBe(2);
  });

  test('looks for a new path when the old one breaks, under the same session', async () => {
    await live('front-door');
    await read((view) => {
      const connection = view.peerConnection;
      Object.defineProperty(connection, 'iceConnectionState', { get: () => 'disconnected' });
      connection?.dispatchEvent(new Event('iceconnectionstatechange'));
    });
    const { params } = await stage.next('invite');
    expect(params.session).toBe('s1');
    expect(params.offer).toContain('a=ice-ufrag:');
  });

  test('comes back by itself when the picture stands still', async () => {
    await live('front-door');
    await stage.page.evaluate(() => window.stageCamera?.getSenders().map((sender) => sender.replaceTrack(null)));
    await state('reconnecting');
    expect(await status()).toBe('The picture stood still.');
    expect((await stage.next('leave')).params).toEqual({ session: 's1' });
    await stage.next('connect');
  });

  test('shows a fresh token before its time is over', async () => {
    await show('front-door', { renewable: true });
    const call = await stage.next('connect');
    call.result({ session: 's1', expiryTimeSeconds: 2, answer: await stage.answer(call) });
    const extension = await stage.next('extend');
    expect(extension.params).toEqual({ session: 's1', authorization: 'token-2' });
    extension.error(503, 'Try again.', { reason: 'source-unavailable' });
    await state('live');
  });

  test('leaves when it is taken out of the page, and stays when it is only moved', async () => {
    await live('front-door');
    await stage.page.evaluate(() => {
      const view = document.querySelector('live-view');
      if (view !== null) document.body.appendChild(document.createElement('div')).append(view);
    });
    expect(await read((view) => view.state)).toBe('live');
    await stage.page.evaluate(() => document.querySelector('live-view')?.remove());
    expect((await stage.next('leave')).params).toEqual({ session: 's1' });
  });

  test('goes to another camera when it is told another device', async () => {
    await live('front-door');
    await read((view) => {
      view.device = 'garden';
    });
    expect((await stage.next('leave')).params).toEqual({ session: 's1' });
    expect((await stage.next('connect')).params).toMatchObject({ peer: 'garden' });
  });

  test('waits for a device and a token', async () => {
    await stage.page.evaluate(() => document.body.append(document.createElement('live-view')));
    expect(await read((view) => view.state)).toBe('idle');
    await read((view) => {
      view.device = 'front-door';
    });
    expect(await read((view) => view.state)).toBe('idle');
    await read((view) => {
      view.token = 'token';
    });
    await stage.next('connect');
  });
});

describe('a view that is refused', () => {
  const texts = {
    long: 'The live view has lasted for as long as one may. Start it again.',
    off: 'This is off for now.',
  };

  test('has room for its words and its button in a small picture, too', async () => {
    const call = await live('front-door');
    await stage.page.addStyleTag({ content: 'live-view { width: 240px }' });
    const error = { code: 401, message: texts.long, session: 's1', data: { reason: 'time-limit' } };
    call.socket.send(JSON.stringify({ jsonrpc: '2.0', error }));
    await state('failed');
    const button = stage.page.getByRole('button', { name: 'Watch again' });
    const [all, words, below] = await Promise.all(
      [stage.page.locator('live-view'), stage.page.getByText(texts.long), button].map((part) => part.boundingBox()),
    );
    const bottom = (box: typeof all) => (box?.y ?? Number.NaN) + (box?.height ?? Number.NaN);
    expect(words?.y).toBeGreaterThan(all?.y ?? Number.NaN);
    expect(bottom(below)).toBeLessThan(bottom(all));
  });

  test('says whether it tries again by itself', async () => {
    await show('front-door');
    (await stage.next('connect')).error(503, texts.off, { reason: 'switched-off' });
    await state('busy');
    const note = () => read((view) => view.shadowRoot?.querySelector('.note')?.textContent);
    expect([await status(), await note()]).toEqual([texts.off, 'Trying again by itself.']);
    await read((view) => view.stop());
    expect(await note()).toBe('');
  });
});

describe('the controls', () => {
  const focus = () => read((view) => view.shadowRoot?.querySelector<HTMLElement>('.stage')?.focus());

  test('pause and go on with the space bar', async () => {
    await live('front-door');
    await focus();
    await stage.page.keyboard.press('Space');
    await state('idle');
    expect(await hasPicture()).toBe(false);
    await stage.next('leave');
    await stage.page.keyboard.press('Space');
    await stage.next('connect');
  });

  test('give sound when it is asked for, and not before', async () => {
    await live('front-door');
    expect(await read((view) => view.muted)).toBe(true);
    await focus();
    await stage.page.keyboard.press('m');
    expect(await read((view) => view.muted)).toBe(false);
    await stage.page.keyboard.press('m');
    expect(await read((view) => view.muted)).toBe(true);
  });

  test('fill the screen with F', async () => {
    await live('front-door');
    await focus();
    const filled = stage.page.evaluate(
      () =>
        new Promise((done) =>
          document.addEventListener('fullscreenchange', () => done(document.fullscreenElement?.localName)),
        ),
    );
    await stage.page.keyboard.press('f');
    expect(await filled).toBe('live-view');
  });

  test('have names, and the state is told politely', async () => {
    await live('front-door');
    const named = await read((view) =>
      [...(view.shadowRoot?.querySelectorAll('.bar button') ?? [])].map((button) => button.getAttribute('aria-label')),
    );
    expect(named).toEqual(['Pause (space)', 'Sound on (M)', 'Full screen (F)']);
    expect(await read((view) => view.shadowRoot?.querySelector('.status')?.getAttribute('aria-live'))).toBe('polite');
    expect(await read((view) => view.shadowRoot?.querySelector('.stage')?.getAttribute('aria-label'))).toBe(
      'Live view of front-door',
    );
  });
});
