import { noSpan, type Span } from '../base/index.ts';
import type { ViewKind } from './observer.ts';
import type { ViewerEnd } from './view.ts';

/**
 * The same end of a live view, with a part of the request that lasts from the session until the viewer has a description of the
 * camera, or never gets one; the request itself is over when it is answered. Where nothing is traced, it is the end itself.
 */
export function tracedEnd(end: ViewerEnd, kind: ViewKind, request: Span): ViewerEnd {
  if (request === noSpan) return end;
  const answer = request.child('answer');
  answer.note('flow', kind);
  return {
    get viewer() {
      return end.viewer;
    },
    opened(view, opened) {
      if (opened.answer !== undefined) answer.end('ok');
      request.end('ok');
      end.opened(view, opened);
    },
    refused(view, error) {
      answer.end(error.code);
      request.end(error.code);
      end.refused(view, error);
    },
    invite(view, offer, subprotocols, settled) {
      answer.end('ok');
      end.invite(view, offer, subprotocols, settled);
    },
    ended(view, reason, cause) {
      answer.end(cause?.code ?? reason);
      end.ended(view, reason, cause);
    },
  };
}
