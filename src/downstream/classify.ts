import {
  isModernVersion,
  isNotification,
  isObject,
  isRequest,
  isRequestId,
  type JsonObject,
  type JsonValue,
  type Message,
  MODERN_VERSIONS,
  messageOf,
  metaKey,
  metaOf,
  type NotificationMessage,
  type RequestId,
  type RequestMessage,
  rpcCode,
} from '../protocol/index.ts';
import type { Refusal } from './protocol-errors.ts';

// The SDK's `classifyInboundRequest` decides by the same table. It is not used because importing the package that
// exports it costs 70-120 ms of start-up time even when bundled, more than the rest of the hub together.

/** One parsed POST body with its era decided, once (spec 2026-07-28 basic/versioning). */
export type Inbound =
  | { readonly kind: 'modern-request'; readonly message: RequestMessage }
  | { readonly kind: 'modern-notification'; readonly message: NotificationMessage }
  | { readonly kind: 'initialize'; readonly message: RequestMessage }
  | { readonly kind: 'legacy'; readonly messages: readonly Message[]; readonly batch: boolean }
  | { readonly kind: 'refused'; readonly refusal: Refusal };

/** Most messages in one legacy batch. */
const MAX_BATCH = 100;

/**
 * Decides what a POSTed body is. The claim in the body's `_meta` counts; the `MCP-Protocol-Version` header is a
 * cross-check and never makes a request modern by itself.
 */
export function classify(body: JsonValue, versionHeader: string | undefined): Inbound {
  if (Array.isArray(body)) return classifyBatch(body, versionHeader);
  const message = messageOf(body);
  if (!message) return invalid('The body is not a JSON-RPC 2.0 message.', idOf(body));
  if (isRequest(message)) return classifyRequest(message, versionHeader);
  if (isNotification(message)) return classifyNotification(message, versionHeader);
  if (namesModern(versionHeader)) return invalid('Responses cannot be posted in this protocol revision.', idOf(body));
  return { kind: 'legacy', messages: [message], batch: false };
}

function classifyRequest(message: RequestMessage, versionHeader: string | undefined): Inbound {
  const claimed = claimOf(message.params);
  if (message.method === 'initialize' && !isModernVersion(claimed)) {
    if (!namesModern(versionHeader)) return { kind: 'initialize', message };
    return mismatch(`initialize is not part of the revision ${versionHeader} that MCP-Protocol-Version names`, message.id);
  }
  if (claimed !== undefined) return { kind: 'modern-request', message };
  if (namesModern(versionHeader)) return missingEnvelope(message.id);
  return { kind: 'legacy', messages: [message], batch: false };
}

/** No revision asks a modern notification to carry an envelope, so here the header alone decides too. */
function classifyNotification(message: NotificationMessage, versionHeader: string | undefined): Inbound {
  const claimed = claimOf(message.params);
  if (claimed === undefined && !namesModern(versionHeader)) return { kind: 'legacy', messages: [message], batch: false };
  if (claimed !== undefined && typeof claimed !== 'string') return invalidClaim(null);
  const version = claimed ?? versionHeader;
  if (versionHeader !== undefined && version !== versionHeader) return versionMismatch(version, versionHeader, null);
  return isModernVersion(version)
    ? { kind: 'modern-notification', message }
    : { kind: 'refused', refusal: unsupportedVersion(version, null) };
}

function classifyBatch(body: readonly JsonValue[], versionHeader: string | undefined): Inbound {
  if (body.length === 0) return invalid('An empty batch is not a JSON-RPC message.', null);
  if (body.length > MAX_BATCH) return invalid(`A batch may have at most ${MAX_BATCH} messages.`, null);
  const messages: Message[] = [];
  for (const element of body) {
    const message = messageOf(element);
    if (!message) return invalid('The batch holds something that is no JSON-RPC 2.0 message.', null);
    if ('method' in message) {
      if (claimOf(message.params) !== undefined) return invalid('This protocol revision has no batches.', null);
      if (message.method === 'initialize') return invalid('initialize cannot be part of a batch.', null);
    }
    messages.push(message);
  }
  if (namesModern(versionHeader)) return invalid('This protocol revision has no batches.', null);
  return { kind: 'legacy', messages, batch: true };
}

/** What stands under the key that makes a message modern; any value is a claim. */
function claimOf(params: JsonObject | undefined): JsonValue | undefined {
  return metaOf(params)?.[metaKey.protocolVersion];
}

/** Whether a version is one of the modern era, known to the hub or not: they are dates. */
function namesModern(version: string | undefined): version is string {
  return version !== undefined && /^\d{4}-\d{2}-\d{2}$/.test(version) && version >= MODERN_VERSIONS[0];
}

function idOf(body: JsonValue): RequestId | null {
  const id = isObject(body) ? body['id'] : undefined;
  return isRequestId(id) ? id : null;
}

const refused = (refusal: Refusal): Inbound => ({ kind: 'refused', refusal });

function invalid(message: string, id: RequestId | null): Inbound {
  return refused({ status: 400, id, error: { code: rpcCode.invalidRequest, message } });
}

function mismatch(message: string, id: RequestId | null): Inbound {
  return refused(headerMismatch(message, id));
}

function versionMismatch(claimed: string | undefined, header: string, id: RequestId | null): Inbound {
  return mismatch(`MCP-Protocol-Version is ${shown(header)} but the body says ${shown(claimed ?? 'nothing')}`, id);
}

function missingEnvelope(id: RequestId): Inbound {
  const message = `Invalid params: _meta["${metaKey.protocolVersion}"] is missing; this revision needs it in every request.`;
  return refused({ status: 400, id, error: { code: rpcCode.invalidParams, message, data: { missing: [metaKey.protocolVersion] } } });
}

function invalidClaim(id: RequestId | null): Inbound {
  return refused(invalidEnvelope(metaKey.protocolVersion, 'must be a string', id));
}

/** -32020: the headers of a request and its body disagree. */
export function headerMismatch(message: string, id: RequestId | null): Refusal {
  return { status: 400, id, error: { code: rpcCode.headerMismatch, message: `Header mismatch: ${message}` } };
}

/** -32022: a revision that the hub does not speak; it names those that it does. */
export function unsupportedVersion(requested: string | undefined, id: RequestId | null): Refusal {
  const data = { supported: MODERN_VERSIONS, requested: shown(requested ?? '') };
  const message = `Protocol version ${data.requested} is not supported.`;
  return { status: 400, id, error: { code: rpcCode.unsupportedProtocolVersion, message, data } };
}

/** -32602: a key of the envelope is missing or has the wrong shape. */
export function invalidEnvelope(key: string, problem: string, id: RequestId | null): Refusal {
  const data = problem === 'is missing' ? { missing: [key] } : { invalid: [key] };
  return { status: 400, id, error: { code: rpcCode.invalidParams, message: `Invalid params: _meta["${key}"] ${problem}.`, data } };
}

/** A text of the client's as an error message may repeat it. */
export function shown(text: string): string {
  return text.length > 120 ? `${text.slice(0, 120)}…` : text;
}
