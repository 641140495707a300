import { systemClock, systemRandom } from '../../src/base/index.ts';
import { startView, type VideoFrame, type ViewSettings } from '../../src/viewer/index.ts';
import type { RunningRelay } from './running-relay.ts';

/** A headless viewer that keeps count of every frame that reached it. */
export async function watching(relay: RunningRelay, person: string, device: string, more: Partial<ViewSettings> = {}) {
  const token = await relay.token('viewer', person);
  const frames: VideoFrame[] = [];
  const view = startView(
    { relay: relay.url, device, token: async () => token, ...more },
    { clock: systemClock, random: systemRandom },
    { frame: (frame) => void frames.push(frame) },
  );
  return {
    view,
    frames,
    /** What the person got: a first frame, or the code of the refusal. */
    outcome: view.firstFrame.then(
      () => 'frame',
      (error: { code?: string }) => error.code ?? String(error),
    ),
    [Symbol.asyncDispose]: () => view.close(),
  };
}
