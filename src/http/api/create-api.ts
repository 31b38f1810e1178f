import type { IncomingMessage, ServerResponse } from 'node:http';
import express, { type Express, type NextFunction, type Request, type Response } from 'express';
import { type Clock, HubError, jsonText, type Logger, toHubError } from '../../base/index.ts';
import { type Body, CallController, discard, type Endpoint, readJson } from '../../downstream/index.ts';
import type { Caller } from '../auth/access.ts';
import { callerOf } from '../auth/callers.ts';
import { headersOfRefusal, scopeProblem } from '../auth/refusals.ts';
import { neededScope } from '../auth/route-access.ts';
import { isFromThisMachine, notFromThisMachine } from '../guards/this-machine.ts';
import type { EventStreams } from '../event-streams.ts';
import type { Management } from '../management.ts';
import { problemOf } from '../problem.ts';
import { callServer } from './call-server.ts';
import { isKnown, weakTag } from './etag.ts';
import { openApiDocument } from './openapi.ts';
import { notAllowed, Paths } from './paths.ts';
import type { ApiContext, Reply, Route } from './route.ts';
import { routes } from './routes.ts';

export interface ApiOptions {
  readonly management: Management;
  readonly endpoint: Pick<Endpoint, 'hasServer' | 'callDirectly'>;
  readonly clock: Clock;
  readonly logger: Logger;
  /** The hub's own version. */
  readonly version: string;
  /** Largest accepted request body, in bytes; asked anew for every request. */
  readonly maxBodyBytes: () => number;
  readonly streams: Pick<EventStreams, 'summary'>;
  /** @see AppOptions */
  readonly trustedHosts?: () => readonly string[];
}

/** A merge patch may name its kind (RFC 7396). */
const BODY_TYPES: readonly string[] = ['application/json', 'application/merge-patch+json'];

const NO_BODY: Body = { json: {} };

/** The REST routes under `/api`. This file is loaded with the first request to one of them, and Express and zod with it. */
export function createApi(options: ApiOptions): (req: IncomingMessage, res: ServerResponse) => void {
  return mount(options);
}

/** The table of routes on an Express app. */
export function mount(options: ApiOptions): Express {
  const { management, endpoint, streams, version } = options;
  let openApi: object | undefined;
  const context: ApiContext = {
    management,
    readers: () => streams.summary(),
    call: callServer(endpoint, management),
    openApi: () => (openApi ??= openApiDocument(routes, version)),
  };
  const paths = new Paths(routes);
  const app = express();
  app.disable('x-powered-by');
  app.disable('etag');
  app.set('query parser', 'simple');
  for (const route of routes) {
    if (route.run) app[route.method](route.path, (req: Request, res: Response) => serve(route, { req, res, context, options, paths }));
  }
  app.use((req: Request, res: Response) => {
    const allow = paths.allowed(req.path);
    if (allow.length === 0 || req.method !== 'OPTIONS') throw paths.refusal(req.method, req.path);
    res.writeHead(204, { allow: allow.join(', ') }).end();
  });
  app.use((error: unknown, req: Request, res: Response, next: NextFunction) => {
    if (res.headersSent) return next(error);
    const hubError = toHubError(error, isClientFault(error) ? 'VALIDATION_ERROR' : 'UNHANDLED_ERROR');
    const meant = hubError.code === 'SERVER_NOT_FOUND' ? paths.exactly(req.path) : [];
    const isMisread = meant.length > 0 && !meant.includes(req.method);
    sendProblem(req, res, isMisread ? notAllowed(req.method, req.path, meant) : hubError, options);
  });
  return app;
}

interface Exchange {
  readonly req: Request;
  readonly res: Response;
  readonly context: ApiContext;
  readonly options: ApiOptions;
  readonly paths: Paths;
}

async function serve(route: Route, { req, res, context, options, paths }: Exchange): Promise<void> {
  const caller = callerOf(req);
  const isLocal = isFromThisMachine(req, options.trustedHosts?.());
  const mayEdit = caller.scopes ? caller.scopes.has('admin') : isLocal;
  const refusal = refusalOf(req, route, paths, { caller, mayEdit });
  if (refusal) throw refusal;
  const controller = new CallController();
  res.on('close', () => {
    if (!res.writableFinished) controller.abort(new HubError('CANCELLED', 'The client closed the connection.'));
  });
  const body = hasBody(req) ? await readJson(req, options.maxBodyBytes(), options.clock, BODY_TYPES) : NO_BODY;
  if (!body) return;
  if (body.problem && body.isUnread) return refuseUnread(req, res, body.problem, options);
  if (body.problem) throw body.problem;
  const { params, query, headers } = req;
  const request = { params, query, headers, controller, isLocal, mayEdit, caller, body: body.json };
  const reply = await route.run?.(request, { ...context, call: (call, it) => context.call({ ...call, principal: caller.principal }, it) });
  if (reply && !res.destroyed) send(res, reply, options.clock.now());
}

/** Why a request is not served, whatever its body says. */
function refusalOf(
  { method, path }: Request,
  route: Route,
  paths: Paths,
  { caller, mayEdit }: { readonly caller: Caller; readonly mayEdit: boolean },
): HubError | undefined {
  const { noHead, localOnly } = route;
  if (method === 'HEAD' && noHead) return notAllowed(method, path, paths.allowed(path));
  const scope = neededScope(route);
  const problem = scope === 'nothing' ? undefined : scopeProblem(caller, scope);
  if (problem || !localOnly || mayEdit) return problem;
  return notFromThisMachine(`${method} ${route.path}`, localOnly === true ? undefined : localOnly);
}

/** Whether the request came with a body (RFC 9112, 6.3). */
function hasBody({ headers, method }: IncomingMessage): boolean {
  if (method === 'GET' || method === 'HEAD') return false;
  return headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > 0;
}

function send(res: Response, { taggedBy, ...reply }: Reply, nowMs: number): void {
  if (taggedBy === undefined) return sendWhole(res, reply, nowMs);
  const tag = weakTag(taggedBy);
  if (isKnown(tag, res.req.headers['if-none-match'])) res.writeHead(304, { etag: tag }).end();
  else sendWhole(res, { ...reply, headers: { ...reply.headers, etag: tag } }, nowMs);
}

function sendWhole(res: Response, { body, status = 200, headers = {}, bare, afterwards }: Reply, nowMs: number): void {
  if (afterwards) res.once('finish', () => setImmediate(afterwards));
  if (typeof body !== 'string') return sendJson(res, status, bare ? body : { ...body, timestamp: new Date(nowMs).toISOString() }, headers);
  const page = Buffer.from(body);
  res.writeHead(status, { ...headers, 'content-length': page.length }).end(page);
}

function sendJson(res: Response, status: number, body: object, headers: Reply['headers'] = {}): void {
  const text = Buffer.from(jsonText(body));
  res.writeHead(status, { ...headers, 'content-type': 'application/json', 'content-length': text.length }).end(text);
}

/** Says at once that a body is too large, and lets its sender finish, who might not read the answer otherwise. */
function refuseUnread(req: Request, res: Response, error: HubError, { clock }: ApiOptions): void {
  const { status, body } = problemOf(error, clock.now());
  const text = Buffer.from(JSON.stringify(body));
  res.writeHead(status, { 'content-type': 'application/json', 'content-length': text.length, connection: 'close' });
  res.write(text);
  discard(req, clock, () => res.end());
}

function sendProblem(req: Request, res: Response, error: HubError, { clock, logger }: ApiOptions): void {
  req.resume();
  if (error.code === 'UNHANDLED_ERROR')
    logger.error('A REST request failed inside the hub', { code: error.code, reason: error.message, path: req.path });
  const { status, body } = problemOf(error, clock.now());
  sendJson(res, status, body, headersOf(error));
}

/** What an error says in headers too: which methods there are, and that the rest of a body is not read. */
function headersOf(error: HubError): Readonly<Record<string, string>> {
  const { code, details } = error;
  const { allow } = details;
  if (code === 'METHOD_NOT_ALLOWED' && Array.isArray(allow)) return { allow: allow.join(', ') };
  return code === 'BODY_TOO_LARGE' || code === 'REQUEST_TIMEOUT' ? { connection: 'close' } : headersOfRefusal(error);
}

/** Express marks what is wrong with a request itself, such as a path that cannot be decoded, with a 4xx status. */
function isClientFault(error: unknown): boolean {
  return error instanceof Error && 'status' in error && typeof error.status === 'number' && error.status >= 400 && error.status < 500;
}
