import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import { type Clock, HubError, type Logger } from '../base/index.ts';
import type { Gateway, Principal, Scope } from '../gateway/index.ts';
import { isModernVersion, type JsonObject, type RequestId, rpcCode } from '../protocol/index.ts';
import { acceptOf } from './accept.ts';
import { type Body, discard, readJson } from './body.ts';
import { type CallController, type CallCounts, Calls } from './calls.ts';
import { classify, type Inbound, shown } from './classify.ts';
import { type Context, type DownstreamLimits, LOCAL_PRINCIPAL } from './context.ts';
import { LegacyHttp } from './legacy-http.ts';
import { LegacySse, unknownStream } from './legacy-sse.ts';
import { headerOf } from './modern-envelope.ts';
import { ModernHttp } from './modern-http.ts';
import { type DirectCall, DirectCalls } from './direct-calls.ts';
import { refusalOf } from './protocol-errors.ts';
import { refuse, sendEmpty, sendRefusal, sendRefusalEarly } from './reply.ts';
import type { Owner } from './session.ts';
import { Sessions } from './sessions.ts';
import { StdioClients } from './stdio-clients.ts';
import { Subscriptions } from './subscriptions.ts';

export interface EndpointOptions {
  readonly gateway: Gateway;
  readonly clock: Clock;
  readonly logger: Logger;
  /** The hub's own `Implementation`: name and version. */
  readonly serverInfo: JsonObject;
  /** Asked anew for every use. */
  readonly limits: () => DownstreamLimits;
  /** Where the old HTTP+SSE transport takes its POSTs. */
  readonly messagesPath: string;
}

/**
 * The hub as an MCP server over HTTP: clients of every era and transport, on the same URL at the same time. Whoever hands a request in
 * says who makes it.
 */
export class Endpoint {
  readonly #context: Context;
  readonly #sessions: Sessions;
  readonly #subscriptions: Subscriptions;
  readonly #modern: ModernHttp;
  readonly #legacy: LegacyHttp;
  readonly #sse: LegacySse;
  readonly #stdio: StdioClients;
  readonly #direct: DirectCalls;
  #drained: Promise<void> | undefined;

  constructor({ messagesPath, ...options }: EndpointOptions) {
    this.#context = { ...options, calls: new Calls(options.gateway, options.logger) };
    this.#sessions = new Sessions(this.#context);
    this.#subscriptions = new Subscriptions(this.#context);
    this.#modern = new ModernHttp(this.#context, this.#subscriptions);
    this.#legacy = new LegacyHttp(this.#context, this.#sessions);
    this.#sse = new LegacySse(this.#context, messagesPath);
    this.#stdio = new StdioClients(this.#context, this.#subscriptions);
    this.#direct = new DirectCalls(this.#context);
  }

  /** Clients that are known to be there: initialized sessions, open subscriptions, streams of lines. Strays do not count. */
  get clientCount(): number {
    return this.#sessions.count + this.#sse.count + this.#subscriptions.count + this.#stdio.count;
  }

  /** Whether there are sessions that stay although their client is not there. */
  get hasSessions(): boolean {
    return this.#sessions.count > 0;
  }

  /** Ends them where they are of that principal, who may not come back; their calls are taken back. */
  endSessionsOf(principalId: string): void {
    this.#sessions.endOf(principalId);
  }

  /** The calls of all clients: in flight now, and begun since the start. */
  get calls(): CallCounts {
    return this.#context.calls.counts;
  }

  /** Whether a server of that id is configured. */
  hasServer(id: string): boolean {
    return this.#context.gateway.hasServer(id);
  }

  /** Makes a call for a program that speaks no MCP. @see DirectCalls.call */
  callDirectly(call: DirectCall, controller: CallController): Promise<JsonObject> {
    return this.#direct.call(call, controller);
  }

  /** Why a client cannot be served on a stream of lines now; `undefined` when it can. */
  streamRefusal(): HubError | undefined {
    return this.#stdio.refusal();
  }

  /** Serves a client on a stream of newline-delimited JSON-RPC until either side ends it (spec 2026-07-28 basic/transports/stdio). */
  handleStream(stream: Duplex, scope: Scope, principal: Principal = LOCAL_PRINCIPAL): void {
    this.#stdio.open(stream, { principal, scope });
  }

  /** Serves one request to `/mcp` or `/mcp/<server>`. What it returns, where that is not done at once, resolves when it is; never rejects. */
  handle(req: IncomingMessage, res: ServerResponse, scope: Scope, principal: Principal = LOCAL_PRINCIPAL): Promise<void> | void {
    res.on('error', ignoreGone);
    const owner: Owner = { principal, scope };
    if (scope.kind === 'server' && !this.#context.gateway.hasServer(scope.id)) return this.#refuseServer(req, res, scope.id);
    switch (req.method) {
      case 'POST':
        return this.#post(req, res, owner);
      case 'GET':
        return this.#get(req, res, owner);
      case 'DELETE':
        return this.#legacy.delete(req, res, owner);
      case 'HEAD':
        return sendEmpty(res, 200);
      default:
        return refuseMethod(req, res, 'GET, HEAD, POST, DELETE');
    }
  }

  /** Serves `/sse`: the stream of the old HTTP+SSE transport. */
  handleSse(req: IncomingMessage, res: ServerResponse, principal: Principal = LOCAL_PRINCIPAL): void {
    res.on('error', ignoreGone);
    if (req.method === 'GET') return this.#sse.open(res, { principal, scope: { kind: 'all' } });
    if (req.method === 'HEAD') return sendEmpty(res, 200);
    return refuseMethod(req, res, 'GET, HEAD');
  }

  /** Serves the POSTs of the old HTTP+SSE transport. Resolves when their requests are answered; never rejects. */
  async handleMessages(
    req: IncomingMessage,
    res: ServerResponse,
    sessionId: string | undefined,
    principal: Principal = LOCAL_PRINCIPAL,
  ): Promise<void> {
    res.on('error', ignoreGone);
    if (req.method !== 'POST') return refuseMethod(req, res, 'POST');
    if (sessionId === undefined) {
      req.resume();
      return sendRefusal(res, { status: 400, error: { code: rpcCode.invalidRequest, message: 'The sessionId in the URL is missing.' } });
    }
    if (!this.#sse.has(sessionId, principal)) {
      req.resume();
      return sendRefusal(res, unknownStream());
    }
    const inbound = this.#inbound(req, res, await this.#read(req), undefined);
    if (inbound?.kind === 'initialize') return this.#sse.post(req, res, [inbound.message], sessionId);
    if (inbound?.kind === 'legacy') return this.#sse.post(req, res, inbound.messages, sessionId);
    if (inbound) refuse(res, new HubError('INVALID_REQUEST', 'This transport does not carry messages of revision 2026-07-28.'));
  }

  /**
   * Makes no more calls and gives those in flight the time that `shutdownTimeout` says. Resolves when none is left that may
   * go on. Idempotent, never rejects.
   */
  drain(): Promise<void> {
    this.#stdio.refuseMore();
    const { calls, clock, limits } = this.#context;
    this.#drained ??= calls.drain(clock, limits().shutdownTimeoutMs);
    return this.#drained;
  }

  /** As {@link drain}; then ends every stream in the way of its era and forgets every session. Resolves when all is written. */
  async close(): Promise<void> {
    await this.drain();
    this.#context.calls.close();
    // The aborted calls answer in this turn of the event loop; their answers go out before the streams end.
    await new Promise((resolve) => setImmediate(resolve));
    this.#subscriptions.close();
    this.#sse.close();
    this.#sessions.close();
    await this.#stdio.close();
  }

  async #post(req: IncomingMessage, res: ServerResponse, owner: Owner): Promise<void> {
    const inbound = this.#inbound(req, res, await this.#read(req), headerOf(req.headers, 'mcp-protocol-version'));
    if (!inbound) return;
    const { json, sse } = acceptOf(req);
    if (!json && !sse) {
      const message = 'Send Accept: application/json, text/event-stream.';
      return sendRefusal(res, { status: 406, error: { code: rpcCode.invalidRequest, message } });
    }
    switch (inbound.kind) {
      case 'modern-request':
        return this.#modern.request(req, res, inbound.message, owner);
      case 'modern-notification':
        return this.#modern.notification(res);
      case 'initialize':
        return this.#legacy.initialize(req, res, inbound.message, owner);
      case 'legacy':
        return this.#legacy.post(req, res, inbound.messages, inbound.batch, owner);
    }
  }

  /** Of what is posted the id is read, because a client waits for the answer to that very request. */
  async #refuseServer(req: IncomingMessage, res: ServerResponse, id: string): Promise<void> {
    const isPost = req.method === 'POST';
    const inbound = isPost ? this.#inbound(req, res, await this.#read(req), headerOf(req.headers, 'mcp-protocol-version')) : undefined;
    if (isPost && !inbound) return;
    if (!isPost) req.resume();
    const near = this.#context.gateway.serverLike(id);
    const message = `No server named "${shown(id)}" is configured.${near === undefined ? '' : ` Did you mean "${near}"?`}`;
    const details = { server: shown(id), ...(near !== undefined && { closest: near }) };
    sendRefusal(res, refusalOf(new HubError('SERVER_NOT_FOUND', message, { details }), idOf(inbound)));
  }

  /** A GET with a session id is that session's stream; one without may be a client of the old transport. */
  #get(req: IncomingMessage, res: ServerResponse, owner: Owner): void {
    if (headerOf(req.headers, 'mcp-session-id') !== undefined) return this.#legacy.get(req, res, owner);
    // The old transport knows of no such header, and the modern one of no GET (spec 2026-07-28 basic/transports/streamable-http).
    if (acceptOf(req).sse && !isModernVersion(headerOf(req.headers, 'mcp-protocol-version'))) return this.#sse.open(res, owner);
    return refuseMethod(req, res, 'POST, DELETE');
  }

  #read(req: IncomingMessage): Promise<Body | undefined> {
    const { limits, clock } = this.#context;
    return readJson(req, limits().maxBodyBytes, clock);
  }

  /** The body with its era decided; answers itself, and gives nothing, when there is nothing to serve. */
  #inbound(
    req: IncomingMessage,
    res: ServerResponse,
    body: Body | undefined,
    version: string | undefined,
  ): Exclude<Inbound, { kind: 'refused' }> | undefined {
    if (!body || res.destroyed) return undefined;
    if (body.refusal) {
      if (!body.isUnread) sendRefusal(res, body.refusal);
      else discard(req, this.#context.clock, sendRefusalEarly(res, body.refusal));
      return undefined;
    }
    const inbound = classify(body.json, version);
    if (inbound.kind !== 'refused') return inbound;
    sendRefusal(res, inbound.refusal);
    return undefined;
  }
}

function ignoreGone(): void {
  // Expected: ECONNRESET and writes after the client left. The response's `close` event tells whoever needs to know.
}

function refuseMethod(req: IncomingMessage, res: ServerResponse, allow: string): void {
  req.resume();
  const message = `${shown(req.method ?? '')} is not allowed here. Allowed: ${allow}.`;
  sendRefusal(res, { status: 405, error: { code: rpcCode.invalidRequest, message }, headers: { allow } });
}

/** The id that an answer to the body as a whole has. */
function idOf(inbound: Exclude<Inbound, { kind: 'refused' }> | undefined): RequestId | null {
  if (!inbound || (inbound.kind === 'legacy' && inbound.batch)) return null;
  const message = inbound.kind === 'legacy' ? inbound.messages[0] : inbound.message;
  return message && 'id' in message ? (message.id ?? null) : null;
}
