import { metaKey, metaOf, type NotificationMessage, patchMeta, type RequestId } from '../../protocol/index.ts';

/** The subscription that a notification of a modern server names (spec 2026-07-28 basic/patterns/subscriptions). */
export function subscriptionOf({ params }: NotificationMessage): RequestId | undefined {
  const id = metaOf(params)?.[metaKey.subscriptionId];
  return typeof id === 'string' || typeof id === 'number' ? id : undefined;
}

/** The notification without that name, which is between the server and the hub. */
export function untagged(message: NotificationMessage): NotificationMessage {
  return { ...message, params: patchMeta(message.params ?? {}, { [metaKey.subscriptionId]: undefined }) };
}
