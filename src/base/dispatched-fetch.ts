import type { Dispatcher } from 'undici';
import type { Fetch } from './outgoing-fetch.ts';
import type * as Undici from './undici.ts';

/** `fetch` on connections of its own. */
export interface OwnFetch {
  readonly fetch: Fetch;
  /** Ends its connections. Idempotent, never rejects. */
  close(): Promise<void>;
}

/** `fetch` over what `open` makes; it and its library are loaded with the first request. */
export function dispatchedFetch(open: (undici: typeof Undici) => Dispatcher): OwnFetch {
  let opening: Promise<OwnFetch> | undefined;
  return {
    async fetch(input, init) {
      opening ??= opened(open);
      return (await opening).fetch(input, init);
    },
    async close() {
      // One that could not be opened has nothing to end.
      await opening?.then(
        (own) => own.close(),
        () => undefined,
      );
    },
  };
}

async function opened(open: (undici: typeof Undici) => Dispatcher): Promise<OwnFetch> {
  const undici = await import('./undici.ts');
  const dispatcher = open(undici);
  return {
    async fetch(input, init = {}) {
      const { method, headers, body, signal } = init;
      const response = await undici.fetch(input, {
        dispatcher,
        redirect: init.redirect ?? 'follow',
        ...(method !== undefined && { method }),
        headers: Object.fromEntries(new Headers(headers)),
        // Nothing else is sent by the hub or the SDK.
        ...((typeof body === 'string' || body instanceof URLSearchParams) && { body }),
        ...(signal && { signal }),
      });
      const { status, statusText } = response;
      // To the rest of the hub it is Node's own kind of response.
      return new Response(hasBody(status) ? response.body : null, { status, statusText, headers: Object.fromEntries(response.headers) });
    },
    close: () => dispatcher.destroy(),
  };
}

/** Statuses that the fetch standard allows no body with. */
function hasBody(status: number): boolean {
  return status !== 204 && status !== 205 && status !== 304;
}
