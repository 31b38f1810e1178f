import { type Fetch, HubError } from '../../base/index.ts';
import { type HttpPeer, name } from '../remote/http-errors.ts';

/** The server whose login it is, and the way to it. */
export interface LoginPeer extends HttpPeer {
  /** Default: Node's own `fetch`. */
  readonly fetch?: Fetch | undefined;
}

/** `fetch` for a peer that is not trusted with the hub's memory: an answer that grows beyond `maxBytes` breaks off. */
export async function boundedFetch(peer: LoginPeer, url: URL, init: RequestInit, maxBytes: number): Promise<Response> {
  const response = await (peer.fetch ?? fetch)(url, init);
  if (!response.body) return response;
  let bytes = 0;
  const limiter = new TransformStream<Uint8Array, Uint8Array>({
    transform(chunk, controller) {
      bytes += chunk.byteLength;
      if (bytes > maxBytes) controller.error(tooLong(peer, maxBytes));
      else controller.enqueue(chunk);
    },
  });
  const { status, statusText, headers } = response;
  return new Response(response.body.pipeThrough(limiter), { status, statusText, headers });
}

function tooLong(peer: HttpPeer, maxBytes: number): HubError {
  const message = `${name(peer)} has a login that answers with more than ${maxBytes} bytes, which were not read.`;
  return new HubError('UPSTREAM_PROTOCOL', message, { details: { server: peer.id, maxBytes } });
}
