import type { IncomingMessage, ServerResponse } from 'node:http';
import { HubError } from '../base/index.ts';
import type { Scope } from '../gateway/index.ts';
import {
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
import { EventStream } from './event-stream.ts';
import { Exchange } from './exchange.ts';
import { headerOf } from './modern-envelope.ts';
import { type Refusal, refusalOf } from './protocol-errors.ts';
import { sendEmpty, sendRefusal } from './reply.ts';
import { type Session, takeIn } from './session.ts';
import type { Sessions } from './sessions.ts';

const SESSION_HEADER = 'mcp-session-id';
/** The revisions that had JSON-RPC batches. */
export const BATCH_VERSIONS: ReadonlySet<string | undefined> = new Set(['2024-11-05', '2025-03-26']);

/** Streamable HTTP of 2025-03-26 … 2025-11-25: sessions, with a stream of their own (spec 2025-11-25 basic/transports). */
export class LegacyHttp {
  readonly #context: Context;
  readonly #sessions: Sessions;

  constructor(context: Context, sessions: Sessions) {
    this.#context = context;
    this.#sessions = sessions;
  }

  /** Answers `initialize`, with a new session when it succeeds. Never rejects. */
  async initialize(req: IncomingMessage, res: ServerResponse, message: RequestMessage, scope: Scope): Promise<void> {
    const session = this.#sessions.create(scope);
    if (!session) return sendRefusal(res, refusalOf(new HubError('LIMIT_EXCEEDED', 'The hub has too many sessions in use.'), message.id));
    const response = await session.request(message, () => false);
    // A client that left never learned the id, so nobody could use or end the session.
    if (session.version === undefined || res.destroyed) this.#sessions.end(session);
    const headers = session.version === undefined ? {} : { [SESSION_HEADER]: session.id };
    const { json, sse } = acceptOf(req);
    const exchange = Exchange.open(res, { clock: this.#context.clock, accept: { json: json || !sse, sse }, requests: 1, headers });
    if (response) exchange.answer(response);
    else exchange.skip();
  }

  /** Takes the messages of one POST to a session. Never rejects. */
  async post(req: IncomingMessage, res: ServerResponse, messages: readonly Message[], batch: boolean, scope: Scope): Promise<void> {
    const requests = messages.filter(isRequest);
    const id = batch ? null : (requests[0]?.id ?? null);
    const session = this.#sessionOf(req, scope, id);
    if ('error' in session) return sendRefusal(res, session);
    if (batch && !BATCH_VERSIONS.has(session.version)) return sendRefusal(res, noBatches(session.version));
    if (requests.length === 0) {
      for (const message of messages) takeIn(session, message);
      return sendEmpty(res, 202);
    }
    const exchange = Exchange.open(res, { clock: this.#context.clock, accept: acceptOf(req), requests: requests.length, batch });
    const answers = messages.map(async (message) => {
      if (!isRequest(message)) return takeIn(session, message);
      const response = await session.request(message, (event) => exchange.push(event));
      if (response) exchange.answer(response);
      else exchange.skip();
    });
    await Promise.all(answers);
  }

  /** Opens the session's stream for what belongs to no request. */
  get(req: IncomingMessage, res: ServerResponse, scope: Scope): void {
    const session = this.#sessionOf(req, scope, null);
    if ('error' in session) return sendRefusal(res, session);
    if (!acceptOf(req).sse) {
      return sendRefusal(res, { status: 406, error: { code: rpcCode.invalidRequest, message: 'GET needs Accept: text/event-stream.' } });
    }
    if (session.isListening) {
      return sendRefusal(res, {
        status: 409,
        error: { code: rpcCode.invalidRequest, message: 'This session has an open stream already.' },
      });
    }
    const stream = EventStream.open(res, { clock: this.#context.clock, onClose: () => session.stopListening(stream) });
    session.listenOn(stream);
  }

  /** Ends a session at its client's wish. */
  delete(req: IncomingMessage, res: ServerResponse, scope: Scope): void {
    const session = this.#sessionOf(req, scope, null);
    if ('error' in session) return sendRefusal(res, session);
    this.#sessions.end(session);
    sendEmpty(res, 204);
  }

  #sessionOf({ headers }: IncomingMessage, scope: Scope, id: RequestId | null): Session | Refusal {
    const sessionId = headerOf(headers, SESSION_HEADER);
    if (sessionId === undefined) {
      const message = 'The Mcp-Session-Id header is missing. Send initialize first, and its session id with everything after it.';
      return { status: 400, id, error: { code: rpcCode.invalidRequest, message } };
    }
    const session = this.#sessions.get(sessionId, scope);
    if (!session) {
      const message = 'The session is not known: it expired, was ended, or the hub was restarted. Send initialize to start a new one.';
      return { status: 404, id, error: { code: rpcCode.invalidRequest, message } };
    }
    const version = headerOf(headers, 'mcp-protocol-version');
    return version === undefined || isLegacyVersion(version) ? session : unsupported(version, id);
  }
}

function unsupported(version: string, id: RequestId | null): Refusal {
  const message = `MCP-Protocol-Version ${shown(version)} is not supported in a session. Supported are ${LEGACY_VERSIONS.join(', ')}.`;
  return { status: 400, id, error: { code: rpcCode.invalidRequest, message } };
}

function noBatches(version: string | undefined): Refusal {
  return {
    status: 400,
    error: { code: rpcCode.invalidRequest, message: `Revision ${version} has no batches. Send one message per POST.` },
  };
}
