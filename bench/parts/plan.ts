/** What the benchmark and its load generator speak of; requests and replies go over the IPC channel between the two. */

/** What a call asks for: a word back, a text of so many bytes, or the list of so many tools. */
export type Payload =
  | { readonly kind: 'echo' }
  | { readonly kind: 'text'; readonly bytes: number }
  | { readonly kind: 'list'; readonly tools: number };

export interface HttpTarget {
  readonly kind: 'http';
  readonly url: string;
  readonly era: 'legacy' | 'modern';
  /** Before the name of the tool; a hub's names carry the server. */
  readonly prefix: string;
}

/** A server of the transport of 2024-11-05: answers come on one event stream per client. */
export interface EventStreamTarget {
  readonly kind: 'http+sse';
  readonly url: string;
  readonly prefix: string;
}

/** A server that the load generator starts itself and talks to on its pipes. */
export interface StdioTarget {
  readonly kind: 'stdio';
  readonly script: string;
  readonly args?: readonly string[];
}

export type Address = HttpTarget | EventStreamTarget | StdioTarget;

export interface Plan {
  readonly target: Address;
  readonly payload: Payload;
  /** Clients, each with one request at a time. */
  readonly clients: number;
}

/** Clients that are ready to call. */
export interface Crowd {
  /** One per client; resolves when the answer is there and right. */
  readonly calls: readonly (() => Promise<void>)[];
  readonly pid?: number;
  close(): Promise<void>;
}

/** `crowd` names the clients that a request is about; several can be ready at once. */
export type LoadRequest =
  | { readonly ask: 'prepare'; readonly crowd: string; readonly plan: Plan }
  | { readonly ask: 'run'; readonly crowd: string; readonly seconds: number }
  | { readonly ask: 'close' };

/** One round of one target. */
export interface Round {
  readonly calls: number;
  readonly seconds: number;
  readonly p50Ms: number;
  readonly p95Ms: number;
}

export type LoadReply =
  | { readonly reply: 'prepared' /** The server that was started for a stdio target. */; readonly pid?: number }
  | ({ readonly reply: 'done' } & Round)
  | { readonly reply: 'closed' }
  | { readonly reply: 'failed'; readonly message: string };
