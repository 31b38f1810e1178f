/* oxlint-disable unicorn/prefer-add-event-listener -- the SDK's transports are no EventTargets */
import type { JSONRPCMessage, Transport as SdkTransport } from '@modelcontextprotocol/client';
import { type Message, messageKind } from '../../protocol/index.ts';

export interface SdkListener {
  message(message: Message): void;
  /** What the SDK tells beside the failures of its calls: a malformed event, a stream that broke. */
  error?(error: Error): void;
}

/** Hears what an SDK transport has to say; what is no JSON-RPC message does not get through. */
export function listenTo(sdk: SdkTransport, listener: SdkListener): void {
  sdk.onmessage = (message: unknown) => {
    if (isMessage(message)) listener.message(message);
  };
  sdk.onerror = (error) => listener.error?.(error);
}

/** A message as the SDK's types want it: they know no `id: null`, which JSON-RPC allows in errors. */
export function toSdkMessage(message: Message): JSONRPCMessage {
  if (!('error' in message)) return message;
  const { id, ...rest } = message;
  return id === undefined || id === null ? rest : { ...rest, id };
}

function isMessage(value: unknown): value is Message {
  return messageKind(value) !== undefined;
}
