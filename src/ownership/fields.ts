/**
 * Joins texts such that no two different lists give the same text: each goes behind its length, so that `a` and `bc` can
 * never be read as `ab` and `c`.
 */
export function joinFields(fields: readonly string[]): string {
  return fields.map((field) => `${field.length}:${field}`).join('');
}

/** Takes apart what `joinFields` joined. Undefined for anything else. */
export function splitFields(text: string): string[] | undefined {
  const fields: string[] = [];
  for (let at = 0; at < text.length; ) {
    const colon = text.indexOf(':', at);
    const length = Number(text.slice(at, colon));
    const end = colon + 1 + length;
    if (colon < 0 || !Number.isSafeInteger(length) || length < 0 || end > text.length) return undefined;
    fields.push(text.slice(colon + 1, end));
    at = end;
  }
  return joinFields(fields) === text ? fields : undefined;
}
