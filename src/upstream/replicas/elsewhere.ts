import { type HubError, isHubError, numberIn } from '../../base/index.ts';
import type { Listing } from '../../catalog/index.ts';
import { isObject, type NotificationMessage } from '../../protocol/index.ts';
import { provablyNotRun } from '../not-run.ts';
import type { UpstreamRequest } from '../types.ts';

/** A replica that is gone or out of reach. One that is merely slow may still be at work, and another would be as slow. */
const LOST: ReadonlySet<HubError['code']> = new Set(['CONNECTION_ERROR', 'UPSTREAM_EXITED', 'UPSTREAM_PROTOCOL', 'SERVER_NOT_CONNECTED']);

/** Requests that change nothing, by the specification. */
const READING: ReadonlySet<string> = new Set(['resources/read', 'prompts/get', 'completion/complete', 'tasks/get', 'tasks/result']);

/** One request on its way through replicas: what the next one has to know of what the one before did. */
export class Attempts {
  /** The request as replicas get it. */
  readonly request: UpstreamRequest;
  #hasAsked = false;
  #progress = -Infinity;

  constructor(request: UpstreamRequest) {
    const { onRequest, onNotification } = request;
    this.request = {
      ...request,
      ...(onRequest && {
        onRequest: (...question) => {
          this.#hasAsked = true;
          return onRequest(...question);
        },
      }),
      ...(onNotification && { onNotification: (one) => this.#isNews(one) && onNotification(one) }),
    };
  }

  /**
   * Whether another replica may be tried after this error: when the request provably did not run, or when to run it twice is as
   * good as once: the replica was lost, and the tool is annotated as read-only or idempotent.
   */
  mayGoOn(error: unknown, listing: Listing | undefined): boolean {
    if (this.request.signal.aborted || this.#hasAsked) return false;
    if (provablyNotRun(error)) return true;
    return isHubError(error) && LOST.has(error.code) && isRepeatable(this.request, listing);
  }

  /** The specification has progress increase, also when another replica begins from the beginning. */
  #isNews({ method, params }: NotificationMessage): boolean {
    const progress = method === 'notifications/progress' ? numberIn(params?.['progress']) : undefined;
    if (progress === undefined) return true;
    const isNews = progress > this.#progress;
    if (isNews) this.#progress = progress;
    return isNews;
  }
}

function isRepeatable({ method, params }: UpstreamRequest, listing: Listing | undefined): boolean {
  if (method !== 'tools/call') return READING.has(method);
  const tool = listing?.items.tools.find(({ name }) => name === params?.['name']);
  const annotations = tool?.['annotations'];
  return isObject(annotations) && (annotations['readOnlyHint'] === true || annotations['idempotentHint'] === true);
}
