/**
 * Whether what lasts `lastsMs` from a moment on, all in milliseconds, is over. It is as well when the clock was set back to before the moment:
 * nothing lasts longer for that.
 */
export function isOver(nowMs: number, sinceMs: number, lastsMs: number): boolean {
  return nowMs < sinceMs || nowMs - sinceMs >= lastsMs;
}
