import type { IncomingHttpHeaders } from 'node:http';
import { HubError } from '../../base/index.ts';
import type { Message, ReceivedEvent } from '../../protocol/index.ts';
import { type Body, EventBody, UnwantedBody } from './body.ts';
import { garbageError, name, networkError, statusError } from './http-errors.ts';
import { HttpRequest, type Refusal, type RequestListener } from './http-request.ts';
import { contentTypeOf, EVENT_STREAM } from './media-types.ts';
import { receiveEvent } from './received.ts';
import type { RequestHeaders } from './request-headers.ts';
import type { ServerRoad } from './server-road.ts';

export interface SseStreamListener {
  /** The address that messages are to be posted to, in the origin of the server. */
  endpoint(url: URL): void;
  message(message: Message): void;
  /** There is no such stream, or none any more. Nothing comes after this. */
  ended(error: HubError): void;
}

/** The event stream of the HTTP+SSE transport (spec 2024-11-05 basic/transports). */
export class SseStream implements RequestListener {
  readonly #server: ServerRoad;
  readonly #listener: SseStreamListener;
  readonly #http: HttpRequest;
  #hasEndpoint = false;

  constructor(server: ServerRoad, headers: RequestHeaders, listener: SseStreamListener) {
    this.#server = server;
    this.#listener = listener;
    this.#http = new HttpRequest(server, { method: 'GET', headers: headers.get(undefined), inSession: false, silenceMs: 0 }, this);
  }

  open(): void {
    this.#http.send();
  }

  /** Idempotent. */
  close(): void {
    this.#http.cancel();
  }

  accepted(status: number, headers: IncomingHttpHeaders): Body {
    if (status !== 200 || contentTypeOf(headers) !== EVENT_STREAM) return new UnwantedBody(() => this.#listener.ended(this.#noStream()));
    return new EventBody({
      maxBytes: this.#server.maxMessageBytes,
      onEvent: (event) => this.#receive(event),
      onEnd: () => this.#listener.ended(this.#ended()),
    });
  }

  refused({ status, text }: Refusal): void {
    this.#listener.ended(statusError(this.#server.peer, status, text));
  }

  failed(error: unknown): void {
    this.#listener.ended(this.#hasEndpoint ? this.#ended() : networkError(this.#server.peer, error));
  }

  #receive(event: ReceivedEvent): void {
    if (event.event === 'endpoint') return this.#setEndpoint(event.data?.toString() ?? '');
    receiveEvent(event, (message) => this.#listener.message(message));
  }

  /** One elsewhere would get all that requests to the server carry. */
  #setEndpoint(address: string): void {
    const { url } = this.#server.target;
    const endpoint = URL.canParse(address, url.href) ? new URL(address, url) : undefined;
    if (endpoint?.origin !== url.origin) {
      this.close();
      return this.#listener.ended(this.#elsewhere(endpoint));
    }
    this.#hasEndpoint = true;
    this.#listener.endpoint(endpoint);
  }

  #ended(): HubError {
    const { peer } = this.#server;
    if (!this.#hasEndpoint) return this.#noStream();
    const message = `${name(peer)} ended its event stream. The connection is made anew.`;
    return new HubError('CONNECTION_ERROR', message, { details: { server: peer.id } });
  }

  /** A stream there is, so that nobody is to look for one elsewhere. */
  #elsewhere(endpoint: URL | undefined): HubError {
    const { peer, target } = this.#server;
    if (!endpoint) return garbageError(peer, 'announces an "endpoint" on its event stream that is no address.');
    const message =
      `${name(peer)} wants messages posted to ${peer.redact(endpoint.origin)}, and the hub sends them to ${peer.redact(target.url.origin)} alone. ` +
      'Let "url" begin as the server says, or tell the server (or the proxy in front of it) by which address it is reached.';
    return new HubError('UPSTREAM_PROTOCOL', message, { details: { server: peer.id, endpoint: peer.redact(endpoint.origin) } });
  }

  #noStream(): HubError {
    return garbageError(this.#server.peer, 'offers no event stream with an "endpoint" event (the HTTP+SSE transport).');
  }
}
