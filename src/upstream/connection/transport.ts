import type { Disposable, HubError } from '../../base/index.ts';
import type { Message, RequestId } from '../../protocol/index.ts';

/** What comes in on a transport. */
export interface TransportEvents {
  /** `via` is the request on whose own stream the message came; absent where the transport has only one stream. */
  message: { readonly message: Message; readonly via?: RequestId | undefined };
  /** The request can no longer be answered: its stream ended, or its HTTP exchange failed. The transport lives on. */
  requestFailed: { readonly id: RequestId; readonly error: HubError };
  /** The server did not know the session any more and has been given the same handshake again; what it was told since the first one is lost. */
  renewed: undefined;
  /** The transport is gone for good; nothing comes after this. */
  closed: HubError;
}

export interface SendOptions {
  /** Extra HTTP headers, encoded already; ignored on stdio. */
  readonly headers?: Readonly<Record<string, string>> | undefined;
  /** It can be sent elsewhere: where it cannot be delivered at once, it fails rather than waits. */
  readonly hasOtherPlaces?: boolean | undefined;
}

/** A request that was taken back before the server had it. */
export interface Withdrawn {
  /** Why it had not been sent, where the server took no connection. */
  readonly refusal?: HubError | undefined;
}

/** Moves JSON-RPC messages to one upstream and back, unchanged, in order. Used for one connection only. */
export interface Transport {
  /** True when every request has a stream of its own (HTTP), so that closing it is the modern way to cancel. */
  readonly hasRequestStreams: boolean;
  on<K extends keyof TransportEvents>(name: K, listener: (event: TransportEvents[K]) => void): Disposable;
  /** Makes the transport ready to send. Rejects with a HubError when that fails; `signal` gives up. */
  open(signal: AbortSignal): Promise<void>;
  /**
   * Hands a message over. Resolves when it is written; for a request, what comes of it arrives as events, so that there may be
   * nothing to wait for (`undefined`). Rejects with a HubError when it provably was not delivered; throws nothing.
   */
  send(message: Message, options?: SendOptions): Promise<void> | undefined;
  /**
   * Takes back a request that the server cannot know of, since it was refused and waits to be sent again. `undefined` when the server
   * may have it, so that it must be told. Absent where no request waits.
   */
  withdraw?(id: RequestId): Withdrawn | undefined;
  /** Ends the request's own stream, of which nothing comes any more. Absent where requests have none ({@link hasRequestStreams}). */
  abandon?(id: RequestId): void;
  /** Tells the version that a legacy handshake agreed on; from then on it goes into every HTTP request's headers. */
  setProtocolVersion(version: string): void;
  /** Ends it in an orderly way (stdio: stdin end, SIGTERM to the group, SIGKILL; HTTP: DELETE of the session). Idempotent. */
  close(): Promise<void>;
}
