import type { IncomingMessage, ServerResponse } from 'node:http';
import { type HubError, toHubError } from '../base/index.ts';
import {
  errorMessage,
  isLegacyVersion,
  isRequest,
  LEGACY_VERSIONS,
  type Message,
  type RequestId,
  type RequestMessage,
  rpcCode,
} from '../protocol/index.ts';
import { acceptOf } from './accept.ts';
import { shown } from './classify.ts';
import type { Context } from './context.ts';
import { Exchange } from './exchange.ts';
import { headerOf } from './modern-envelope.ts';
import { type Refusal, refusalOf } from './protocol-errors.ts';
import { sendEmpty, sendRefusal } from './reply.ts';
import type { HttpSession } from './http-session.ts';
import { type Owner, takeIn } from './session.ts';
import type { Sessions } from './sessions.ts';

const SESSION_HEADER = 'mcp-session-id';
/** The revisions that had JSON-RPC batches. */
export const BATCH_VERSIONS: ReadonlySet<string | undefined> = new Set(['2024-11-05', '2025-03-26']);
const SESSION_ENDED = { code: rpcCode.invalidRequest, message: 'The session was ended before the request was answered.' };
const NOTHING_KEPT = 'This session has no event of that Last-Event-ID, or nothing of what came after it is kept any more.';

/** One POST to a session. */
interface Posted {
  readonly req: IncomingMessage;
  readonly exchange: Exchange;
  readonly entry: HttpSession;
  readonly owner: Owner;
}

/** Streamable HTTP of 2025-03-26 … 2025-11-25: sessions, with a stream of their own (spec 2025-11-25 basic/transports). */
export class LegacyHttp {
  readonly #context: Context;
  readonly #sessions: Sessions;

  constructor(context: Context, sessions: Sessions) {
    this.#context = context;
    this.#sessions = sessions;
  }

  /** Answers `initialize`, with a new session when it succeeds. Never rejects. */
  async initialize(req: IncomingMessage, res: ServerResponse, message: RequestMessage, owner: Owner): Promise<void> {
    const entry = this.#create(owner);
    if (entry instanceof Error) return sendRefusal(res, refusalOf(entry, message.id));
    const { session, streams } = entry;
    const response = await session.request(message, () => false);
    // A client that left never learned the id, so nobody could use or end the session.
    if (session.version === undefined || res.destroyed) this.#sessions.end(entry);
    const headers = session.version === undefined ? {} : { [SESSION_HEADER]: session.id };
    const { json, sse } = acceptOf(req);
    const accept = { json: json || !sse, sse };
    const resumable = session.version !== undefined && { streams };
    const exchange = Exchange.open(res, { clock: this.#context.clock, accept, requests: 1, headers, ...resumable });
    if (response) exchange.answer(response);
    else exchange.skip();
  }

  /** A new session, or why there cannot be one. */
  #create(owner: Owner): HttpSession | HubError {
    try {
      return this.#sessions.create(owner);
    } catch (error) {
      return toHubError(error);
    }
  }

  /** Takes the messages of one POST to a session. Never rejects. */
  async post(req: IncomingMessage, res: ServerResponse, messages: readonly Message[], batch: boolean, owner: Owner): Promise<void> {
    const requests = messages.filter(isRequest);
    const id = batch ? null : (requests[0]?.id ?? null);
    const entry = this.#sessionOf(req, owner, id);
    if ('error' in entry) return sendRefusal(res, entry);
    const { session, streams } = entry;
    if (batch && !BATCH_VERSIONS.has(session.version)) return sendRefusal(res, noBatches(session.version));
    if (requests.length === 0) {
      for (const message of messages) takeIn(session, message);
      return sendEmpty(res, 202);
    }
    const { clock } = this.#context;
    const exchange = Exchange.open(res, { clock, accept: acceptOf(req), requests: requests.length, batch, streams });
    const answers: Promise<void>[] = [];
    for (const message of messages) {
      if (isRequest(message)) answers.push(this.#answer(message, { req, exchange, entry, owner }));
      else takeIn(session, message);
    }
    await (batch ? Promise.all(answers) : answers[0]);
  }

  async #answer(message: RequestMessage, { req, exchange, entry, owner }: Posted): Promise<void> {
    const { session } = entry;
    const response = await session.request(message, (event) => exchange.push(event), req.headers);
    if (response) exchange.answer(response);
    // Who cancels a request waits for no answer; who asked in a session that another request has ended still does.
    else if (this.#sessions.get(session.id, owner) !== entry) exchange.answer(errorMessage(message.id, SESSION_ENDED), 404);
    else exchange.skip();
  }

  /**
   * Opens the session's stream for what belongs to no request or, with `Last-Event-ID`, goes on with the stream that this
   * event was on (spec 2025-11-25 basic/transports, "Resumability and Redelivery").
   */
  get(req: IncomingMessage, res: ServerResponse, owner: Owner): void {
    const entry = this.#sessionOf(req, owner, null);
    if ('error' in entry) return sendRefusal(res, entry);
    if (!acceptOf(req).sse) return sendRefusal(res, refusedGet(406, 'GET needs Accept: text/event-stream.'));
    const { streams } = entry;
    const lastEventId = headerOf(req.headers, 'last-event-id');
    if (lastEventId) {
      if (!streams.resume(lastEventId, res)) sendRefusal(res, refusedGet(400, NOTHING_KEPT));
    } else if (streams.standalone.isOpen) {
      sendRefusal(res, refusedGet(409, 'This session has an open stream already.'));
    } else {
      streams.standalone.connect(res);
    }
  }

  /** Ends a session at its client's wish. */
  delete(req: IncomingMessage, res: ServerResponse, owner: Owner): void {
    const entry = this.#sessionOf(req, owner, null);
    if ('error' in entry) return sendRefusal(res, entry);
    this.#sessions.end(entry);
    sendEmpty(res, 204);
  }

  #sessionOf({ headers }: IncomingMessage, owner: Owner, id: RequestId | null): HttpSession | Refusal {
    const sessionId = headerOf(headers, SESSION_HEADER);
    if (sessionId === undefined) {
      const message = 'The Mcp-Session-Id header is missing. Send initialize first, and its session id with everything after it.';
      return { status: 400, id, error: { code: rpcCode.invalidRequest, message } };
    }
    const entry = this.#sessions.get(sessionId, owner);
    if (!entry) {
      const message = 'The session is not known: it expired, was ended, or the hub was restarted. Send initialize to start a new one.';
      return { status: 404, id, error: { code: rpcCode.invalidRequest, message } };
    }
    const version = headerOf(headers, 'mcp-protocol-version');
    return version === undefined || isLegacyVersion(version) ? entry : unsupported(version, id);
  }
}

function unsupported(version: string, id: RequestId | null): Refusal {
  const message = `MCP-Protocol-Version ${shown(version)} is not supported in a session. Supported are ${LEGACY_VERSIONS.join(', ')}.`;
  return { status: 400, id, error: { code: rpcCode.invalidRequest, message } };
}

function refusedGet(status: number, message: string): Refusal {
  return { status, error: { code: rpcCode.invalidRequest, message } };
}

function noBatches(version: string | undefined): Refusal {
  return {
    status: 400,
    error: { code: rpcCode.invalidRequest, message: `Revision ${version} has no batches. Send one message per POST.` },
  };
}
