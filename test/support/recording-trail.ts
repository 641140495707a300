import { LatchkeyError, type SessionId } from '../../src/base/index.ts';
import type { Beginning, Trail } from '../../src/pairing/index.ts';

/** A trail in memory, which says of each live view when it is on record, or that it cannot be. */
export class RecordingTrail implements Trail {
  readonly lines: string[] = [];
  /** Those that are on record for good. */
  readonly recorded = new Set<SessionId>();
  readonly #waiting: { readonly beginning: Beginning; settle(error?: LatchkeyError): void }[] = [];
  /** Whether each waits until `settle`, instead of being on record at once. */
  holds = false;

  began(beginning: Beginning): Promise<void> {
    const { session, camera, flow } = beginning;
    this.lines.push(`began ${session.pair.subject} ${camera.device} ${flow}`);
    return new Promise((resolve, reject) => {
      const settle = (error?: LatchkeyError) => {
        if (error !== undefined) return reject(error);
        this.recorded.add(session.id);
        resolve();
      };
      if (this.holds) this.#waiting.push({ beginning, settle });
      else settle();
    });
  }

  /** Puts all that wait on record, or says that it cannot be done. */
  settle(as: 'written' | 'unavailable' = 'written'): void {
    for (const { settle } of this.#waiting.splice(0)) {
      settle(as === 'written' ? undefined : new LatchkeyError('audit-unavailable'));
    }
  }

  mediaBegan(...[{ pair }, side]: Parameters<Trail['mediaBegan']>): void {
    this.lines.push(`media ${pair.subject} ${side}`);
  }

  extended(...[{ pair }]: Parameters<Trail['extended']>): void {
    this.lines.push(`extended ${pair.subject}`);
  }

  reproved(...[{ pair }, fresh]: Parameters<Trail['reproved']>): void {
    this.lines.push(`reproved ${pair.subject} ${fresh !== undefined}`);
  }

  moved(...[{ pair }, camera]: Parameters<Trail['moved']>): void {
    this.lines.push(`moved ${pair.subject} ${camera.device}`);
  }

  ended(...[{ pair }, { reason, cause, figures }]: Parameters<Trail['ended']>): void {
    const bytes = figures === undefined ? '' : ` ${figures.camera.bytes} bytes`;
    this.lines.push(`ended ${pair.subject} ${reason}${cause === undefined ? '' : ` ${cause}`}${bytes}`);
  }

  refused(...[viewer, device, code]: Parameters<Trail['refused']>): void {
    this.lines.push(`refused ${viewer.subject} ${device} ${code}`);
  }
}
