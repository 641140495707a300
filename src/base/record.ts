/** Whether what was read from JSON is an object: neither `null`, nor a list, nor anything simple. */
export function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
