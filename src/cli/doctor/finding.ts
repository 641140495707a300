/** How something that was looked at is: `unknown` where it cannot be told from here. */
export type Outcome = 'ok' | 'warning' | 'problem' | 'unknown';

/** What was found, in one line, and what to do about it where it is not as it should be. */
export interface Finding {
  readonly outcome: Outcome;
  readonly found: string;
  readonly todo?: string;
}

export function ok(found: string): Finding {
  return { outcome: 'ok', found };
}

export function warning(found: string, todo: string): Finding {
  return { outcome: 'warning', found, todo };
}

export function problem(found: string, todo: string): Finding {
  return { outcome: 'problem', found, todo };
}

export function unknown(found: string, todo: string): Finding {
  return { outcome: 'unknown', found, todo };
}

/** What an error says for itself, in one line. */
export function whyOf(thrown: unknown): string {
  const { detail, message } = thrown as { detail?: string; message?: string };
  return (detail ?? message ?? String(thrown)).split('\n')[0] ?? '';
}
