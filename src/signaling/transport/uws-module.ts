import { limits } from '../../base/index.ts';

export type UwsModule = typeof import('uWebSockets.js');

/** Loads uWebSockets.js, whose binary runs on some systems and not on others. Never throws: says why it cannot. */
export async function loadUws(): Promise<{ readonly module: UwsModule } | { readonly why: string }> {
  // The binary reads its bound of a request's head from the environment, once, as it is loaded.
  process.env.UWS_HTTP_MAX_HEADERS_SIZE = String(limits.requestHeaderBytesMax);
  try {
    return { module: await import('uWebSockets.js') };
  } catch (error) {
    return { why: reasonOf(error as Error) };
  }
}

/** Why uWebSockets.js cannot be had here; undefined where it can. */
export async function whyNoUws(): Promise<string | undefined> {
  const loaded = await loadUws();
  return 'why' in loaded ? loaded.why : undefined;
}

function reasonOf(error: Error): string {
  const glibc = /GLIBC_([\d.]+)' not found/.exec(error.message)?.[1];
  if (glibc !== undefined) return `its binary needs glibc ${glibc} or newer`;
  return `its binary cannot be loaded here: ${error.message.split('\n').at(-1)}`;
}
