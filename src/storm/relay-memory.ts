import { type Clock, LatchkeyError, limits, within } from '../base/index.ts';

/** Reads the relay's resident memory, in bytes, from its metrics. Throws `relay-unreachable` where they cannot be had or do not tell. */
export async function relayMemoryBytes(metricsUrl: string, clock: Clock): Promise<number> {
  const bytes = residentBytes(await textAt(metricsUrl, clock));
  if (bytes === undefined)
    throw new LatchkeyError('relay-unreachable', `${metricsUrl} has no process_resident_memory_bytes`);
  return bytes;
}

/** The value of `process_resident_memory_bytes` in the text exposition format of Prometheus. */
export function residentBytes(text: string): number | undefined {
  const value = /^process_resident_memory_bytes(?:\{[^}\n]*\})? (\S+)/m.exec(text)?.[1];
  const bytes = Number(value);
  return value === undefined || !Number.isFinite(bytes) || bytes < 0 ? undefined : bytes;
}

async function textAt(url: string, clock: Clock): Promise<string> {
  try {
    return await within(clock, limits.stormMetricsMsMax, async (signal) => {
      const response = await fetch(url, { signal, redirect: 'error' });
      if (!response.ok || response.body === null) throw new Error(`HTTP ${response.status}`);
      let text = '';
      const decoder = new TextDecoder();
      for await (const chunk of response.body) {
        text += decoder.decode(chunk, { stream: true });
        if (text.length > limits.stormMetricsBytesMax) throw new Error('too much text');
      }
      return text;
    });
  } catch (cause) {
    throw new LatchkeyError('relay-unreachable', `${url}: ${(cause as Error).message}`, { cause });
  }
}
