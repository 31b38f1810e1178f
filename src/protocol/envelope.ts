import { ExactNumber } from '../base/index.ts';

/**
 * JSON-RPC messages as the hub handles them: plain parsed JSON, looked at only where routing needs it. Params,
 * results and error data are never validated or rebuilt; fields nobody knows yet stay where they are.
 */
export type JsonValue = string | number | ExactNumber | boolean | null | readonly JsonValue[] | JsonObject;
export interface JsonObject {
  readonly [key: string]: JsonValue | undefined;
}

export type RequestId = string | number | ExactNumber;

export interface RequestMessage {
  readonly jsonrpc: '2.0';
  readonly id: RequestId;
  readonly method: string;
  readonly params?: JsonObject | undefined;
}

/** What a server asks of its client, without the id, which each hop has of its own. */
export type ServerRequest = Pick<RequestMessage, 'method' | 'params'>;

export interface NotificationMessage {
  readonly jsonrpc: '2.0';
  readonly method: string;
  readonly params?: JsonObject | undefined;
}

/** A JSON-RPC error object. One that an upstream answered travels as it came: code, message and data. */
export interface RpcError {
  readonly code: number;
  readonly message: string;
  readonly data?: JsonValue | undefined;
}

export interface ResultMessage {
  readonly jsonrpc: '2.0';
  readonly id: RequestId;
  readonly result: JsonObject;
}

export interface ErrorMessage {
  readonly jsonrpc: '2.0';
  /** `null` or absent when the id of the request could not be read. */
  readonly id?: RequestId | null;
  readonly error: RpcError;
}

export type ResponseMessage = ResultMessage | ErrorMessage;
export type Message = RequestMessage | NotificationMessage | ResponseMessage;

/** The standard codes plus the ones that the MCP specification defines (spec 2026-07-28 basic/index, "Error Codes"). */
export const rpcCode = {
  parseError: -32700,
  invalidRequest: -32600,
  methodNotFound: -32601,
  invalidParams: -32602,
  internalError: -32603,
  headerMismatch: -32020,
  missingClientCapability: -32021,
  unsupportedProtocolVersion: -32022,
  /** Resource not found up to 2025-11-25; never sent to a modern client. */
  legacyResourceNotFound: -32002,
} as const;

export function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof ExactNumber);
}

export function isRequestId(value: unknown): value is RequestId {
  return typeof value === 'string' || (typeof value === 'number' && Number.isFinite(value)) || value instanceof ExactNumber;
}

/** An id of one's own as it may come back: some servers make a text of every number. Anything else is left as it is. */
export function countedId(id: RequestId): RequestId {
  return typeof id === 'string' && /^[1-9]\d{0,14}$/.test(id) ? Number(id) : id;
}

/** What kind of JSON-RPC message a parsed value is, or `undefined` when it is none. */
export function messageKind(value: unknown): 'request' | 'notification' | 'response' | undefined {
  if (!isObject(value) || value['jsonrpc'] !== '2.0') return undefined;
  if (!('method' in value)) return responseKind(value);
  return typeof value['method'] === 'string' ? callKind(value) : undefined;
}

function callKind({ id, params }: JsonObject): 'request' | 'notification' | undefined {
  if (params !== undefined && !isObject(params)) return undefined;
  if (id === undefined) return 'notification';
  return isRequestId(id) ? 'request' : undefined;
}

function responseKind({ id, result, error }: JsonObject): 'response' | undefined {
  if (isObject(result)) return isRequestId(id) ? 'response' : undefined;
  if (id !== undefined && id !== null && !isRequestId(id)) return undefined;
  return isRpcError(error) ? 'response' : undefined;
}

const isRpcError = (error: unknown): boolean =>
  isObject(error) && typeof error['code'] === 'number' && typeof error['message'] === 'string';

export const isRequest = (message: Message): message is RequestMessage => 'method' in message && 'id' in message;
export const isNotification = (message: Message): message is NotificationMessage => 'method' in message && !('id' in message);
export const isResponse = (message: Message): message is ResponseMessage => !('method' in message);
/** Some servers write `"error": null` or `"error": {}` beside a result. */
export const isErrorMessage = (message: ResponseMessage): message is ErrorMessage => 'error' in message && isRpcError(message.error);

export function request(id: RequestId, method: string, params?: JsonObject): RequestMessage {
  return params === undefined ? { jsonrpc: '2.0', id, method } : { jsonrpc: '2.0', id, method, params };
}

export function notification(method: string, params?: JsonObject): NotificationMessage {
  return params === undefined ? { jsonrpc: '2.0', method } : { jsonrpc: '2.0', method, params };
}

export function resultMessage(id: RequestId, result: JsonObject): ResultMessage {
  return { jsonrpc: '2.0', id, result };
}

export function errorMessage(id: RequestId | null, error: RpcError): ErrorMessage {
  return { jsonrpc: '2.0', id, error };
}

/** The outcome of one request: a result or an error, in the sender's own words. */
export type Outcome =
  | { readonly result: JsonObject; readonly error?: undefined }
  | { readonly error: RpcError; readonly result?: undefined };
