import { describe, expect, it } from 'vitest';
import { limits } from '../../src/base/index.ts';
import { RecordingTrail } from '../support/recording-trail.ts';
import { cameraAnswer, cameraOffer, signalingWorld, viewerAnswer, viewerOffer } from '../support/signaling-world.ts';

/** Alice may see cam1, and what she does goes on record. */
async function world(capabilities = ['answer']) {
  const trail = new RecordingTrail();
  const world = signalingWorld(1, { trail });
  world.own('alice', 'cam1');
  const camera = await world.camera('cam1', capabilities);
  const viewer = await world.socket('viewer/alice');
  return { ...world, world, trail, camera, viewer };
}

/** Each way to open a live view, up to where the viewer has it. Returns what the viewer was answered, where it was. */
const flows = {
  async answer({ world, camera, viewer }: Awaited<ReturnType<typeof open>>) {
    const id = viewer.ask('connect', { peer: 'cam1', offer: viewerOffer });
    await world.settle();
    camera.answer(camera.request('invite'), { answer: cameraAnswer });
    await world.settle();
    return () => viewer.reply(id);
  },
  async onvif({ world, camera, viewer }: Awaited<ReturnType<typeof open>>) {
    const id = viewer.ask('connect', { peer: 'cam1' });
    await world.settle();
    const { session } = camera.request('connect').params;
    camera.answer(camera.request('connect'), {});
    camera.ask('invite', { session, offer: cameraOffer });
    await world.settle();
    if (viewer.requests('invite').length > 0) viewer.answer(viewer.request('invite'), { answer: viewerAnswer });
    await world.settle();
    return () => viewer.reply(id);
  },
  async whep({ world, camera }: Awaited<ReturnType<typeof open>>) {
    let reply: object | undefined;
    void world
      .http({
        method: 'POST',
        path: '/whep/cam1',
        token: 'viewer/alice',
        headers: { 'content-type': 'application/sdp' },
        body: viewerOffer,
      })
      .then((response) => {
        reply = response;
      });
    await world.settle();
    camera.answer(camera.request('invite'), { answer: cameraAnswer });
    await world.settle();
    return () => reply;
  },
};
const open = world;
const kinds = Object.entries(flows).map(([flow, begin]) => ({ flow, begin, able: flow === 'onvif' ? [] : ['answer'] }));

describe.each(kinds)('a live view that is set up by $flow', ({ flow, begin, able }) => {
  it('has no wire and no answer before it is on record', async () => {
    const stage = await open(able);
    stage.trail.holds = true;
    const reply = await begin(stage);
    expect(stage.trail.lines).toEqual([`began alice cam1 ${flow}`]);
    expect([stage.relay.wires, reply()]).toEqual([[], undefined]);

    stage.trail.settle();
    await stage.settle();
    if (flow === 'onvif') stage.viewer.answer(stage.viewer.request('invite'), { answer: viewerAnswer });
    await stage.settle();

    expect(stage.relay.live).toHaveLength(1);
    expect(reply()).toBeDefined();
    expect(stage.faults).toEqual([]);
  });

  it('does not begin where it cannot be put on record', async () => {
    const stage = await open(able);
    stage.trail.holds = true;
    const reply = await begin(stage);

    stage.trail.settle('unavailable');
    await stage.settle();

    expect(stage.relay.wires).toEqual([]);
    expect(JSON.stringify(reply())).toContain('audit-unavailable');
    expect(stage.sessions.size).toBe(0);
    expect(stage.trail.lines.at(-1)).toBe('ended alice setup-failed audit-unavailable');
    expect(stage.faults).toEqual([]);
  });

  it('costs the camera no time: it is asked meanwhile', async () => {
    const stage = await open(able);
    stage.trail.holds = true;
    await begin(stage);
    expect(stage.camera.requests(flow === 'onvif' ? 'connect' : 'invite')).toHaveLength(1);
  });

  it('that ends while it waits for the record shows nothing when that is written', async () => {
    const stage = await open(able);
    stage.trail.holds = true;
    await begin(stage);
    stage.camera.drop();
    stage.trail.settle();
    await stage.settle();
    expect(stage.relay.wires).toEqual([]);
    expect(stage.faults).toEqual([]);
  });

  it('is on record with its end', async () => {
    const stage = await open(able);
    await begin(stage);
    stage.relay.live[0]?.events.media?.('camera');
    stage.camera.ask('unregister', {});
    await stage.settle();
    expect(stage.trail.lines).toEqual([
      `began alice cam1 ${flow}`,
      'media alice camera',
      'ended alice camera-left 0 bytes',
    ]);
  });
});

describe('the record of a live view', () => {
  it('has its end without figures where its worker does not answer in time', async () => {
    const stage = await open();
    await flows.answer(stage);
    stage.relay.silent = true;
    stage.viewer.drop();
    await stage.settle();
    expect(stage.trail.lines).toHaveLength(1);
    stage.clock.advance(limits.workerAnswerMsMax);
    expect(stage.trail.lines.at(-1)).toBe('ended alice viewer-left 0 bytes');
  });

  it('has another proof of its camera', async () => {
    const stage = await open();
    await flows.answer(stage);
    await stage.world.camera('cam1');
    expect(stage.trail.lines.at(-1)).toBe('moved alice cam1');
  });

  it('has each verified person who was refused', async () => {
    const stage = await open();
    stage.own('alice', 'cam2');
    stage.viewer.ask('connect', { peer: 'cam2', offer: viewerOffer });
    stage.viewer.ask('connect', { peer: 'cam9', offer: viewerOffer });
    await stage.settle();
    const response = await stage.http({
      method: 'POST',
      path: '/whep/cam9',
      token: 'viewer/alice',
      headers: { 'content-type': 'application/sdp' },
      body: viewerOffer,
    });
    expect(response.status).toBe(403);
    expect(stage.trail.lines.sort()).toEqual([
      'refused alice cam2 device-offline',
      'refused alice cam9 not-allowed',
      'refused alice cam9 not-allowed',
    ]);
  });

  it('has who would have had one view too many', async () => {
    const stage = await open();
    for (let count = 0; count < 9; count++) {
      stage.viewer.ask('connect', { peer: 'cam1', offer: viewerOffer });
      await stage.settle();
    }
    expect(stage.trail.lines.at(-1)).toBe('refused alice cam1 device-busy');
  });

  it('has whose permission was taken back in mid-view', async () => {
    const stage = await open();
    const reply = await flows.answer(stage);
    const session = (reply() as { result?: { session?: string } }).result?.session;
    stage.disown('alice', 'cam1');
    stage.viewer.ask('extend', { session });
    await stage.settle();
    expect(stage.trail.lines.slice(1).sort()).toEqual([
      'ended alice revoked 0 bytes',
      'refused alice cam1 not-allowed',
    ]);
  });
});
