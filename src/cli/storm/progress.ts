import type { Crossing, StormObserver, StormPhase, StormProgress } from '../../storm/index.ts';

interface Screen {
  readonly isTTY?: boolean;
  write(text: string): unknown;
}

const everyMs = { terminal: 200, plain: 2_000 } as const;

/** Tells how a storm goes: on a terminal in a line that renews itself, elsewhere in a line now and then. `end` leaves the line. */
export function progressTo(screen: Screen): StormObserver & { end(): void } {
  const terminal = screen.isTTY === true;
  let read: (() => StormProgress) | undefined;
  let phase: StormPhase | undefined;
  let open = false;

  const leaveLine = () => {
    if (open) screen.write('\n');
    open = false;
  };
  const show = () => {
    if (read === undefined || phase === undefined) return;
    const line = progressLine(phase, read());
    screen.write(terminal ? `\r\x1b[2K${line}` : `${line}\n`);
    open = terminal;
  };
  const timer = setInterval(show, terminal ? everyMs.terminal : everyMs.plain);

  return {
    begun(progress) {
      read = progress;
    },
    phase(next) {
      if (phase !== undefined) show();
      leaveLine();
      phase = next;
      show();
    },
    crossing({ at, what }: Crossing) {
      leaveLine();
      screen.write(`CROSSING at ${at}: ${what}\n`);
    },
    end() {
      clearInterval(timer);
      leaveLine();
    },
  };
}

/** Such as `coming back: 812 of 1,000 registered, 3 refused, 41 live views answered`. */
export function progressLine(
  phase: StormPhase,
  { registered, cameras, refused, answered, crossings }: StormProgress,
): string {
  const count = (value: number) => value.toLocaleString('en');
  const parts = [`${count(registered)} of ${count(cameras)} registered`];
  if (refused > 0) parts.push(`${count(refused)} refused`);
  if (answered > 0) parts.push(`${count(answered)} live views answered`);
  if (crossings > 0) parts.push(`${count(crossings)} CROSSINGS`);
  return `${phase}: ${parts.join(', ')}`;
}
