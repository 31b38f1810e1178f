import type { IncomingHttpHeaders } from 'node:http';
import { HubError } from '../base/index.ts';
import type { Downstream, Principal } from '../gateway/index.ts';
import {
  decodeHeaderValue,
  type HeaderParam,
  isLoggingLevel,
  isModernVersion,
  isObject,
  type JsonObject,
  metaKey,
  metaOf,
  nameField,
  paramHeaderMismatch,
  type RequestMessage,
} from '../protocol/index.ts';
import { headerMismatch, invalidEnvelope, shown, unsupportedVersion } from './classify.ts';
import { type Refusal, refusalOf } from './protocol-errors.ts';

/**
 * The checks that a modern request must pass before it is served, in the order of the specification (2026-07-28
 * basic/index "_meta", basic/transports/streamable-http "Server Validation"); what it says of its sender when it does.
 *
 * @param headers absent where the transport has none (basic/transports/stdio, "Request Metadata").
 */
export function readEnvelope(
  message: RequestMessage,
  headers: IncomingHttpHeaders | undefined,
  principal: Principal,
): { readonly refusal: Refusal; readonly downstream?: undefined } | { readonly downstream: Downstream; readonly refusal?: undefined } {
  const meta = metaOf(message.params) ?? {};
  const refusal =
    versionProblem(meta, headers ?? {}, message) ??
    envelopeProblem(meta, message) ??
    (headers && (methodHeaderProblem(headers, message) ?? nameHeaderProblem(headers, message)));
  if (refusal) return { refusal };
  const logLevel = meta[metaKey.logLevel];
  return {
    downstream: {
      principal,
      era: 'modern',
      protocolVersion: String(meta[metaKey.protocolVersion]),
      clientInfo: objectAt(meta, metaKey.clientInfo),
      clientCapabilities: objectAt(meta, metaKey.clientCapabilities),
      logLevel: isLoggingLevel(logLevel) ? logLevel : undefined,
    },
  };
}

function objectAt(meta: JsonObject, key: string): JsonObject | undefined {
  const value = meta[key];
  return isObject(value) ? value : undefined;
}

function versionProblem(meta: JsonObject, headers: IncomingHttpHeaders, { id }: RequestMessage): Refusal | undefined {
  const claimed = meta[metaKey.protocolVersion];
  if (typeof claimed !== 'string') return invalidEnvelope(metaKey.protocolVersion, 'must be a string', id);
  const header = headerOf(headers, 'mcp-protocol-version');
  if (header !== undefined && header !== claimed) {
    return headerMismatch(`MCP-Protocol-Version is ${shown(header)} but the body says ${shown(claimed)}`, id);
  }
  if (!isModernVersion(claimed)) return unsupportedVersion(claimed, id);
  return undefined;
}

function envelopeProblem(meta: JsonObject, { id }: RequestMessage): Refusal | undefined {
  const { [metaKey.clientCapabilities]: capabilities, [metaKey.clientInfo]: info, [metaKey.logLevel]: level } = meta;
  if (capabilities === undefined) return invalidEnvelope(metaKey.clientCapabilities, 'is missing', id);
  if (!isObject(capabilities)) return invalidEnvelope(metaKey.clientCapabilities, 'must be an object', id);
  if (info !== undefined && !isObject(info)) return invalidEnvelope(metaKey.clientInfo, 'must be an object', id);
  if (level !== undefined && !isLoggingLevel(level)) return invalidEnvelope(metaKey.logLevel, 'is not a logging level', id);
  return undefined;
}

function methodHeaderProblem(headers: IncomingHttpHeaders, { id, method }: RequestMessage): Refusal | undefined {
  if (headerOf(headers, 'mcp-protocol-version') === undefined) return headerMismatch('MCP-Protocol-Version is missing', id);
  const header = headerOf(headers, 'mcp-method');
  if (header === undefined) return headerMismatch('Mcp-Method is missing', id);
  if (header === method) return undefined;
  return headerMismatch(`Mcp-Method is ${shown(header)} but the body says ${shown(method)}`, id);
}

function nameHeaderProblem(headers: IncomingHttpHeaders, { id, method, params }: RequestMessage): Refusal | undefined {
  const field = nameField(method);
  const name = field === undefined ? undefined : params?.[field];
  if (typeof name !== 'string') return undefined;
  const header = headerOf(headers, 'mcp-name');
  if (header === undefined) return headerMismatch(`Mcp-Name is missing although the body has params.${field}`, id);
  const decoded = isPlain(header) ? decodeHeaderValue(header) : undefined;
  if (decoded === undefined) return headerMismatch('Mcp-Name has invalid characters or invalid base64', id);
  if (decoded === name) return undefined;
  return headerMismatch(`Mcp-Name is ${shown(decoded)} but params.${field} is ${shown(name)}`, id);
}

/** Compares the `Mcp-Param-*` headers that a tool declares with the arguments of a call to it. */
export function paramHeaderProblem(
  declared: readonly HeaderParam[],
  headers: IncomingHttpHeaders,
  { id, params }: RequestMessage,
): Refusal | undefined {
  for (const { header } of declared) {
    const value = headerOf(headers, `mcp-param-${header.toLowerCase()}`);
    if (value !== undefined && !isPlain(value)) return headerMismatch(`Mcp-Param-${header} has invalid characters`, id);
  }
  const problem = paramHeaderMismatch(declared, params?.['arguments'], (name) => headerOf(headers, name));
  return problem === undefined ? undefined : headerMismatch(problem, id);
}

/** Methods of the handshake revisions that this one does not have; an upstream that knows them is not asked. */
const LEGACY_ONLY: ReadonlySet<string> = new Set([
  'initialize',
  'ping',
  'logging/setLevel',
  'resources/subscribe',
  'resources/unsubscribe',
  // Of the tasks of 2025-11-25; `tasks/get` and `tasks/cancel` have another meaning now (SEP-2663).
  'tasks/result',
  'tasks/list',
]);

/** The refusal of a method that only the handshake revisions have. */
export function legacyMethodProblem({ id, method }: RequestMessage): Refusal | undefined {
  if (!LEGACY_ONLY.has(method)) return undefined;
  return refusalOf(new HubError('METHOD_NOT_FOUND', `${shown(method)} is not a method of this protocol revision.`), id);
}

/** Visible ASCII, space and tab: what a header value may consist of. */
const isPlain = (value: string): boolean => /^[\x20-\x7e\t]*$/.test(value);

/** One header's value; a repeated one is joined and so never equals a single value. */
export function headerOf(headers: IncomingHttpHeaders, name: string): string | undefined {
  const value = headers[name];
  return Array.isArray(value) ? value.join(', ') : value;
}
