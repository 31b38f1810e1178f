import { notification, type NotificationMessage } from './envelope.ts';

/** The four lists that a server offers, by the name of the array in the result. */
export type ListKind = 'tools' | 'prompts' | 'resources' | 'resourceTemplates';
export const LIST_KINDS = ['tools', 'prompts', 'resources', 'resourceTemplates'] as const satisfies readonly ListKind[];

export const listMethod: Readonly<Record<ListKind, string>> = {
  tools: 'tools/list',
  prompts: 'prompts/list',
  resources: 'resources/list',
  resourceTemplates: 'resources/templates/list',
};

/** Which list a list method asks for. */
export function listKindOf(method: string): ListKind | undefined {
  return LIST_KINDS.find((kind) => listMethod[kind] === method);
}

/** What changes together: resources and their templates share one notification. */
export type ChangeKind = 'tools' | 'prompts' | 'resources';

/** Which notification tells of a change of a list. */
export const changeKindOfList: Readonly<Record<ListKind, ChangeKind>> = {
  tools: 'tools',
  prompts: 'prompts',
  resources: 'resources',
  resourceTemplates: 'resources',
};

export const listChangedMethod: Readonly<Record<ChangeKind, string>> = {
  tools: 'notifications/tools/list_changed',
  prompts: 'notifications/prompts/list_changed',
  resources: 'notifications/resources/list_changed',
};

/** A `notifications/resources/updated` for a resource of which nothing more is known. */
export function resourceUpdated(uri: string): NotificationMessage {
  return notification('notifications/resources/updated', { uri });
}

export function changeKindOf(method: string): ChangeKind | undefined {
  return (Object.keys(listChangedMethod) as ChangeKind[]).find((kind) => listChangedMethod[kind] === method);
}

/** The params field that `Mcp-Name` mirrors (spec 2026-07-28 basic/transports/streamable-http, "Standard Request Headers"; tasks: SEP-2663). */
export function nameField(method: string): 'name' | 'uri' | 'taskId' | undefined {
  switch (method) {
    case 'tools/call':
    case 'prompts/get':
      return 'name';
    case 'resources/read':
      return 'uri';
    case 'tasks/get':
    case 'tasks/update':
    case 'tasks/cancel':
      return 'taskId';
    default:
      return undefined;
  }
}

/** Results that carry `ttlMs` and `cacheScope` in the modern era (spec 2026-07-28 server/utilities/caching). */
export function isCacheable(method: string): boolean {
  return method === 'server/discover' || method === 'resources/read' || listKindOf(method) !== undefined;
}

export const LOG_LEVELS = ['debug', 'info', 'notice', 'warning', 'error', 'critical', 'alert', 'emergency'] as const;
/** RFC 5424 severities, finest first, as `logging/setLevel` names them. */
export type LoggingLevel = (typeof LOG_LEVELS)[number];

export function isLoggingLevel(value: unknown): value is LoggingLevel {
  return LOG_LEVELS.some((level) => level === value);
}

/**
 * Whether a notification is for somebody who wants log messages from `threshold` on. One that is no log message always is;
 * a level that nobody knows is shown rather than lost.
 */
export function isWantedAt(threshold: LoggingLevel | 'all' | 'none', { method, params }: NotificationMessage): boolean {
  if (method !== 'notifications/message' || threshold === 'all') return true;
  if (threshold === 'none') return false;
  const level = params?.['level'];
  return !isLoggingLevel(level) || reachesLevel(level, threshold);
}

/** Whether a message of `level` is to be shown to somebody who asked for `threshold`. */
export function reachesLevel(level: LoggingLevel, threshold: LoggingLevel): boolean {
  return LOG_LEVELS.indexOf(level) >= LOG_LEVELS.indexOf(threshold);
}
