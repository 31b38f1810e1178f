export { cancelledBy, givenReason } from './cancellation.ts';
export { abilityFor, capabilitiesWith, type ClientAbility, hasAbility } from './client-abilities.ts';
export { brokenAnswersIn } from './broken-answer.ts';
export { ByteCollector } from './byte-collector.ts';
export * from './envelope.ts';
export * from './era.ts';
export { EventReader, type EventReaderOptions, type ReceivedEvent } from './event-reader.ts';
export * from './extensions.ts';
export { rpcErrorOf } from './hub-error.ts';
export * from './meta.ts';
export * from './methods.ts';
export { LineReader, type OverlongLine } from './line-reader.ts';
export { isTooDeep, MAX_NESTING } from './nesting.ts';
export {
  decodeHeaderValue,
  encodeHeaderValue,
  type HeaderParam,
  headerParamsOf,
  paramHeaderMismatch,
  paramHeaders,
} from './param-headers.ts';
export { fieldOf, type FieldChanges, RawResult, singleField, withFields } from './raw-result.ts';
export { messageOf, messagesIn, readMessage } from './read-message.ts';
export { outcomeOf, RawResponse, responseMessage } from './responses.ts';
export { SSE_HEADERS, SSE_KEEP_ALIVE, SSE_KEEP_ALIVE_MS, type SseEvent, sseFrame } from './sse.ts';
export { matchesTemplate } from './uri-template.ts';
export { lineParts, messageLine, type MessageParts, messageParts } from './write-message.ts';
