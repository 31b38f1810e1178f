import type { IncomingHttpHeaders } from 'node:http';
import { z } from 'zod';
import type { ErrorCode } from '../../base/index.ts';
import type { KeyScope } from '../../config/index.ts';
import type { CallController } from '../../downstream/index.ts';
import type { Caller } from '../auth/access.ts';
import type { Management } from '../management.ts';
import type { CallServer } from './call-server.ts';
import { checked } from './validate.ts';

/** What the routes work with. */
export interface ApiContext {
  readonly management: Management;
  readonly call: CallServer;
  /** Who reads `/api/events` now: `activeClients` and `connections` of `GET /api/health`. */
  readonly readers: () => object;
  /** The OpenAPI document of all routes. */
  readonly openApi: () => object;
}

/** A request, nothing of it checked yet. */
interface RawRequest {
  readonly params: unknown;
  readonly query: unknown;
  /** Parsed JSON; `undefined` when there was none. */
  readonly body: unknown;
  readonly headers: IncomingHttpHeaders;
  /** Aborted when the client goes away before it was answered. */
  readonly controller: CallController;
  /** Whether a program on this machine made it. */
  readonly isLocal: boolean;
  /** Whether its caller may change the config: one on this machine where no key is asked for, else one whose key has `admin`. */
  readonly mayEdit: boolean;
  readonly caller: Caller;
}

export interface Reply {
  /** Sent as JSON with a `timestamp`; a string is an HTML page. */
  readonly body: object | string;
  /** Sent without a `timestamp` of its own. */
  readonly bare?: true;
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  /** All of the answer that is worth sending it again for, where a client may ask whether it has changed (`If-None-Match`). */
  readonly taggedBy?: unknown;
  /** Run once the answer has been handed to the network. */
  readonly afterwards?: () => void;
}

/** What stands in the documentation of a route. */
interface RouteDocs {
  readonly method: 'get' | 'post' | 'patch' | 'delete';
  /** With `:name` for what is a parameter. */
  readonly path: string;
  readonly tag: 'Hub' | 'Servers' | 'Calls' | 'Configuration' | 'Marketplace' | 'Logins' | 'Keys';
  readonly summary: string;
  readonly description?: string;
  /** What answers a success; 200 unless `status` says otherwise. */
  readonly answer: z.ZodType;
  readonly status?: 201;
  /** What a success is sent as; JSON unless it says otherwise. */
  readonly mediaType?: 'text/html' | 'text/event-stream';
  /** Header fields of a success, with their meaning. */
  readonly answerHeaders?: Readonly<Record<string, string>>;
  /** Whether it takes `If-Match`. */
  readonly ifMatch?: true;
  /** Whether it takes `If-None-Match`. */
  readonly ifNoneMatch?: true;
  /** Its GET does something, so that HEAD (RFC 9110, 9.3.2) has no place there. */
  readonly noHead?: true;
  /** Refused to everybody but programs on this machine and keys with `admin`, since it writes the config, or for the reason given. */
  readonly localOnly?: true | string;
  /** The scope that a key must have for it, where {@link neededScope} would say another one. */
  readonly needs?: KeyScope | 'nothing';
  /** What it can answer besides the errors that every route has. */
  readonly errors: readonly ErrorCode[];
  readonly example: RouteExample;
}

interface RouteExample {
  readonly params?: Readonly<Record<string, string>>;
  /** Without the question mark. */
  readonly query?: string;
  readonly body?: object;
  readonly answer: object | string;
}

/** One row of the table that the Express app, the OpenAPI document and docs/rest-api.md are made from. */
export interface Route extends RouteDocs {
  readonly params: z.ZodType;
  readonly query: z.ZodType;
  readonly body: z.ZodType;
  /** Absent for what is served elsewhere and only described here. */
  readonly run?: (request: RawRequest, context: ApiContext) => Promise<Reply>;
}

/** What a route gets to see: its input as its schemas have it. */
interface Input<P extends z.ZodType, Q extends z.ZodType, B extends z.ZodType> {
  readonly params: z.output<P>;
  readonly query: z.output<Q>;
  readonly body: z.output<B>;
  readonly headers: IncomingHttpHeaders;
  readonly controller: CallController;
  readonly isLocal: boolean;
  readonly mayEdit: boolean;
  readonly caller: Caller;
}

interface RouteSpec<P extends z.ZodType, Q extends z.ZodType, B extends z.ZodType> extends RouteDocs {
  readonly params: P;
  readonly query: Q;
  readonly body: B;
  readonly run: (input: Input<P, Q, B>, context: ApiContext) => Reply | Promise<Reply>;
}

/** The schema of what a route does not take. */
const NOTHING = z.looseObject({});

/** For a route that takes no parameters, no query and no body; spread it, and put what the route does take after it. */
export const NO_INPUT = { params: NOTHING, query: NOTHING, body: NOTHING };

/** Whether a route takes anything there. */
export function takes(route: Route, part: 'params' | 'query' | 'body'): boolean {
  return route[part] !== NOTHING;
}

/** A row of the table; its input is checked before it runs. */
export function route<P extends z.ZodType, Q extends z.ZodType, B extends z.ZodType>(spec: RouteSpec<P, Q, B>): Route {
  const { params, query, body, run } = spec;
  return {
    ...spec,
    run: async (request, context) => {
      const parsed = checked({ params, query, body }, request);
      const { headers, controller, isLocal, mayEdit, caller } = request;
      return run({ ...parsed, headers, controller, isLocal, mayEdit, caller }, context);
    },
  };
}

/** Whether a request body is needed: at least one field of it is. */
export function needsBody({ body }: Route): boolean {
  return body !== NOTHING && !body.safeParse({}).success;
}
