import type { LateDispatcher } from './late-dispatcher.ts';
import type { Fetch } from './way-out.ts';

/** `fetch` over a dispatcher. */
export function dispatchedFetch(late: LateDispatcher): Fetch {
  return async (input, init = {}) => {
    const [undici, dispatcher] = await Promise.all([import('./undici.ts'), late.open()]);
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
  };
}

/** Statuses that the fetch standard allows no body with. */
function hasBody(status: number): boolean {
  return status !== 204 && status !== 205 && status !== 304;
}
