import { randomUUID } from 'node:crypto';
import { closest, type Clock, HubError } from '../base/index.ts';
import type { Answer, Call, Downstream, Gateway, Principal, Scope } from '../gateway/index.ts';
import { isObject, type JsonObject, NEWEST_LEGACY, type Outcome, type RpcError, rpcCode } from '../protocol/index.ts';
import type { CallController, Calls } from './calls.ts';
import { LOCAL_PRINCIPAL } from './context.ts';
import { forLegacy } from './legacy-results.ts';

/** A call of a program that speaks no MCP, under the names that the server itself uses. */
export interface DirectCall {
  readonly server: string;
  /** Who calls; without it, the person who runs the hub. */
  readonly principal?: Principal | undefined;
  readonly what:
    | { readonly kind: 'tool'; readonly name: string; readonly arguments: JsonObject }
    | { readonly kind: 'prompt'; readonly name: string; readonly arguments: JsonObject }
    | { readonly kind: 'resource'; readonly uri: string };
  /** How long the server may take, in milliseconds. */
  readonly timeoutMs: number;
  /** Whether its progress begins that time anew; the server is asked for progress then. */
  readonly resetOnProgress: boolean;
  /** The most that it may take in all, in milliseconds. Without it: ten times `timeoutMs` where progress counts, else `timeoutMs`. */
  readonly maxTotalMs?: number | undefined;
  /** Of the request that it came with. */
  readonly headers?: Call['headers'];
}

export interface DirectCallsOptions {
  readonly gateway: Gateway;
  readonly calls: Calls;
  readonly clock: Clock;
}

/** What a call with progress may take in all, in multiples of its time limit. */
const MAX_LIMIT_FACTOR = 10;
/** How long a failed call may take to find out whether what it names exists, in milliseconds. */
const LOOKUP_MS = 2_000;

/** The caller as the gateway sees it. It is of the handshake era: those who use the management API know its results. */
const callerOf = ({ principal = LOCAL_PRINCIPAL }: DirectCall): Downstream => ({
  principal,
  era: 'legacy',
  protocolVersion: NEWEST_LEGACY,
  clientCapabilities: {},
});

const KINDS = {
  tool: { method: 'tools/call', list: 'tools', key: 'name', notFound: 'TOOL_NOT_FOUND', failed: 'TOOL_ERROR' },
  prompt: { method: 'prompts/get', list: 'prompts', key: 'name', notFound: 'PROMPT_NOT_FOUND', failed: 'PROMPT_ERROR' },
  resource: { method: 'resources/read', list: 'resources', key: 'uri', notFound: 'RESOURCE_NOT_FOUND', failed: 'RESOURCE_ERROR' },
} as const;

/**
 * Calls on behalf of programs that speak no MCP: the same road as every other call, but a plain result or an error at the
 * end of it.
 */
export class DirectCalls {
  readonly #options: DirectCallsOptions;

  constructor(options: DirectCallsOptions) {
    this.#options = options;
  }

  /**
   * Makes one call. A tool's result with `isError` is a result.
   *
   * @param controller aborting it takes the call back
   * @throws HubError SERVER_NOT_FOUND, SERVER_NOT_CONNECTED, TOOL_NOT_FOUND, PROMPT_NOT_FOUND, RESOURCE_NOT_FOUND,
   * VALIDATION_ERROR (the server refuses the arguments), TOOL_ERROR, PROMPT_ERROR, RESOURCE_ERROR, INPUT_NOT_GIVEN, TIMEOUT,
   * CANCELLED, or what the connection fails with
   */
  async call(call: DirectCall, controller: CallController): Promise<JsonObject> {
    const { gateway, clock } = this.#options;
    const { server } = call;
    if (!gateway.hasServer(server)) throw new HubError('SERVER_NOT_FOUND', `No server "${server}" is configured.`, { details: { server } });
    const totalMs = call.maxTotalMs ?? call.timeoutMs * (call.resetOnProgress ? MAX_LIMIT_FACTOR : 1);
    const late = clock.after(totalMs, () => controller.abort(timedOut(call, totalMs)));
    try {
      const answer = await this.#run(call, totalMs, controller);
      if (answer) return await this.#resultOf(call, answer);
      const { reason } = controller.signal;
      throw reason instanceof HubError ? reason : cancelled(server);
    } finally {
      late.dispose();
    }
  }

  #run(call: DirectCall, maxTotalMs: number, controller: CallController): Promise<Answer | undefined> {
    const { what, timeoutMs, resetOnProgress } = call;
    const named = what.kind === 'resource' ? { uri: what.uri } : { name: what.name, arguments: what.arguments };
    const params = resetOnProgress ? { ...named, _meta: { progressToken: randomUUID() } } : named;
    return this.#options.calls.run(
      {
        scope: scopeOf(call),
        method: KINDS[what.kind].method,
        params,
        downstream: callerOf(call),
        headers: call.headers,
        signal: controller.signal,
        timeoutMs,
        resetOnProgress,
        maxTotalMs,
        notify: () => {},
        ask: async ({ method }) => unanswerable(method),
      },
      controller,
    );
  }

  async #resultOf(call: DirectCall, answer: Answer): Promise<JsonObject> {
    if (answer.failure) throw answer.failure.code === 'TIMEOUT' ? timedOut(call, call.timeoutMs, answer.failure) : answer.failure;
    const { method } = KINDS[call.what.kind];
    if (asksForInput(answer)) throw needsInput(call, answer.outcome.error);
    const { result, error } = forLegacy(answer, method);
    if (error) throw await this.#errorOf(call, error);
    if (call.what.kind !== 'tool') return result;
    if (result['isError'] === true && (await this.#isUnknown(call))) throw await this.#notFound(call, textOf(result));
    return Array.isArray(result['content']) ? result : { ...result, content: [] };
  }

  /** What a server answered instead of a result, with the code that says whose mistake it is. */
  async #errorOf(call: DirectCall, error: RpcError): Promise<HubError> {
    const { code, message } = error;
    const { server, what } = call;
    const kind = KINDS[what.kind];
    if (what.kind === 'resource' && (code === rpcCode.legacyResourceNotFound || code === rpcCode.invalidParams))
      return this.#notFound(call, message);
    if (await this.#isUnknown(call)) return this.#notFound(call, message);
    const details = { server, [kind.key]: nameOf(call), rpc: { ...error } };
    if (code === rpcCode.invalidParams)
      return new HubError('VALIDATION_ERROR', `Server "${server}" refuses the arguments: ${message}`, { details });
    return new HubError(kind.failed, `Server "${server}" answered ${what.kind} "${nameOf(call)}" with an error: ${message}`, { details });
  }

  /** Asked only after a call has failed: a server has the last word on what it knows. */
  async #isUnknown(call: DirectCall): Promise<boolean> {
    const { what } = call;
    // Known without a look at the list, which may have to be fetched.
    if (what.kind === 'tool' && this.#options.gateway.headerParams(scopeOf(call), what.name)) return false;
    const names = await this.#names(call);
    if (!names || names.includes(nameOf(call))) return false;
    return what.kind !== 'resource' || (await this.#list(call, 'resourceTemplates'))?.length === 0;
  }

  async #notFound(call: DirectCall, said: string): Promise<HubError> {
    const { server, what } = call;
    const name = nameOf(call);
    const near = closest(name, (await this.#names(call)) ?? []);
    const hint = near === undefined || near === name ? '' : ` Did you mean "${near}"?`;
    const details = { server, [what.kind === 'resource' ? 'uri' : what.kind]: name, ...(hint !== '' && { closest: near }), said };
    return new HubError(KINDS[what.kind].notFound, `Server "${server}" has no ${what.kind} "${name}".${hint}`, { details });
  }

  async #names(call: DirectCall): Promise<readonly string[] | undefined> {
    const { list, key } = KINDS[call.what.kind];
    const items = await this.#list(call, list);
    return items?.flatMap((item) => {
      const name = isObject(item) ? item[key] : undefined;
      return typeof name === 'string' ? [name] : [];
    });
  }

  /** `undefined` when the list cannot be had. */
  async #list(call: DirectCall, list: 'tools' | 'prompts' | 'resources' | 'resourceTemplates') {
    const { gateway, clock } = this.#options;
    const late = new AbortController();
    const timer = clock.after(LOOKUP_MS, () => late.abort());
    const method = list === 'resourceTemplates' ? 'resources/templates/list' : `${list}/list`;
    try {
      const { outcome } = await gateway.call({
        scope: scopeOf(call),
        method,
        downstream: callerOf(call),
        signal: late.signal,
        notify: () => {},
      });
      const items = outcome.result?.[list];
      return Array.isArray(items) ? items : undefined;
    } finally {
      timer.dispose();
    }
  }
}

/** What 2025-11-25 answers when its client has to visit a URL first (client/elicitation, "URL Elicitation Required Error"). */
const URL_ELICITATION = -32042;

/** Whether a server would go on only with an answer of its client. */
function asksForInput({ era, outcome: { result, error } }: Answer): boolean {
  if (era === 'modern') return result?.['resultType'] === 'input_required' || error?.code === rpcCode.missingClientCapability;
  return error?.code === URL_ELICITATION;
}

const scopeOf = ({ server }: DirectCall): Scope => ({ kind: 'server', id: server });

const nameOf = ({ what }: DirectCall): string => (what.kind === 'resource' ? what.uri : what.name);

/** Nobody sits at the other end of a plain call; it has no roots either. */
function unanswerable(method: string): Outcome {
  if (method === 'roots/list') return { result: { roots: [] } };
  const message = `The caller cannot be asked: the management API has no answer to "${method}". Make this call with an MCP client, on /mcp.`;
  return { error: { code: rpcCode.methodNotFound, message } };
}

function needsInput({ server, what }: DirectCall, error?: RpcError): HubError {
  const message = `Server "${server}" asks its client for input before it goes on, which the management API cannot give. Make this call with an MCP client, on /mcp.`;
  return new HubError('INPUT_NOT_GIVEN', message, { details: { server, kind: what.kind, ...(error && { rpc: { ...error } }) } });
}

function timedOut(call: DirectCall, limitMs: number, cause?: HubError): HubError {
  const { server, what } = call;
  const message = `Server "${server}" did not answer ${what.kind} "${nameOf(call)}" within ${limitMs} ms. Give it more in request_options.timeout or maxTotalTimeout.`;
  return new HubError('TIMEOUT', message, { details: { server, timeoutMs: limitMs }, cause });
}

function cancelled(server: string): HubError {
  return new HubError('CANCELLED', `The call to server "${server}" was taken back.`, { details: { server } });
}

/** The words of a result, for the data of an error. */
function textOf({ content }: JsonObject): string {
  if (!Array.isArray(content)) return '';
  return content.flatMap((part) => (isObject(part) && typeof part['text'] === 'string' ? [part['text']] : [])).join('\n');
}
