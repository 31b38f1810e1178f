import { HubError, sleep } from '../base/index.ts';
import type { Downstream, Feed, Scope } from '../gateway/index.ts';
import {
  type ChangeKind,
  changeKindOf,
  extensionId,
  extensionIn,
  isObject,
  type JsonObject,
  type JsonValue,
  metaKey,
  type NotificationMessage,
  notification,
  patchMeta,
  type RequestId,
  type RequestMessage,
  resultMessage,
  rpcCode,
  TASK_CHANGED,
  tasksNotDeclared,
} from '../protocol/index.ts';
import type { Context } from './context.ts';
import type { MessageStream } from './message-stream.ts';
import { type Refusal, refusalOf } from './protocol-errors.ts';

/** How long the acknowledgement waits for servers to accept resource subscriptions, in milliseconds. */
const ACKNOWLEDGE_WITHIN_MS = 5_000;
/** Most resources in one filter. */
const MAX_RESOURCES = 1_000;
/** Most tasks in one filter. */
const MAX_TASKS = 1_000;
/** Most streams open at once. */
const MAX_STREAMS = 500;
/** Most notifications kept while the acknowledgement is on its way. */
const MAX_EARLY = 100;

interface Filter {
  readonly changes: ReadonlySet<ChangeKind>;
  /** `undefined` when the client did not ask. */
  readonly resources: readonly string[] | undefined;
  /** `undefined` when the client did not ask. */
  readonly taskIds: readonly string[] | undefined;
}

interface Listen {
  readonly id: RequestId;
  readonly stream: MessageStream;
  readonly gone: AbortController;
}

/** Where one listen goes: an HTTP answer of its own, or a share of a client's only stream. */
export interface ListenTarget {
  /** Why this client cannot be sent notifications. */
  readonly problem?: Refusal | undefined;
  refuse(refusal: Refusal): void;
  /** @param onClose to be told once, and not before this returns, when it is over, whoever ended it. */
  open(onClose: () => void): MessageStream;
}

/** `subscriptions/listen`: streams of change notifications (spec 2026-07-28 basic/patterns/subscriptions). */
export class Subscriptions {
  readonly #context: Context;
  readonly #open = new Set<Listen>();
  #closed = false;

  constructor(context: Context) {
    this.#context = context;
  }

  /** Streams that are open now. */
  get count(): number {
    return this.#open.size;
  }

  /** Serves one `subscriptions/listen`; resolves when it is acknowledged or over. Never rejects. */
  async listen(
    target: ListenTarget,
    message: RequestMessage,
    { scope, downstream }: { readonly scope: Scope; readonly downstream: Downstream },
  ): Promise<void> {
    const filter = filterOf(message.params);
    const refusal = this.#refusal(message.id, target, filter) ?? undeclaredTasks(message.id, filter, downstream);
    if (refusal || typeof filter === 'string') return refusal && target.refuse(refusal);
    const gone = new AbortController();
    let feed: Feed | undefined;
    const stream = target.open(() => {
      gone.abort();
      feed?.dispose();
      this.#open.delete(listen);
    });
    const listen: Listen = { id: message.id, stream, gone };
    this.#open.add(listen);
    const out = new TaggedOut(listen, filter);
    const { principal } = downstream;
    feed = this.#context.gateway.attach({ scope, principal, changes: filter.changes, logs: false, send: (event) => out.send(event) });
    const [resources, taskIds] = await Promise.all([
      this.#subscribe(feed, filter.resources, gone.signal),
      filter.taskIds && this.#watch(feed, filter.taskIds, gone.signal),
    ]);
    out.acknowledge(resources, taskIds);
  }

  /** Ends every stream with a result, as the revision asks for a graceful end. */
  close(): void {
    this.#closed = true;
    for (const { id, stream, gone } of this.#open) {
      gone.abort();
      const meta = { [metaKey.subscriptionId]: id, [metaKey.serverInfo]: this.#context.serverInfo };
      stream.send(resultMessage(id, { resultType: 'complete', _meta: meta }));
      stream.end();
    }
  }

  #refusal(id: RequestId, { problem }: ListenTarget, filter: Filter | string): Refusal | undefined {
    if (this.#closed) return refusalOf(new HubError('SHUTTING_DOWN', 'The hub is stopping.'), id);
    if (problem) return { ...problem, id };
    if (typeof filter === 'string') return { status: 200, id, error: { code: rpcCode.invalidParams, message: filter } };
    if (this.#open.size < MAX_STREAMS) return undefined;
    return refusalOf(new HubError('LIMIT_EXCEEDED', `The hub has ${MAX_STREAMS} open subscriptions already. Close one first.`), id);
  }

  /** The resources that their servers agreed to tell of in time. */
  async #subscribe(feed: Feed, uris: readonly string[] | undefined, gone: AbortSignal): Promise<string[] | undefined> {
    if (uris === undefined) return undefined;
    const honoured = new Set<string>();
    const all = Promise.all(
      uris.map(async (uri) => {
        const { error } = await feed.subscribe(uri);
        if (!error) honoured.add(uri);
      }),
    );
    const deadline = new AbortController();
    const late = sleep(this.#context.clock, ACKNOWLEDGE_WITHIN_MS, AbortSignal.any([gone, deadline.signal]));
    await Promise.race([all.catch((error: unknown) => this.#failed(error)), late]);
    deadline.abort();
    return uris.filter((uri) => honoured.has(uri));
  }

  /** The tasks that their servers agreed to tell of in time. */
  async #watch(feed: Feed, taskIds: readonly string[], gone: AbortSignal): Promise<readonly string[]> {
    const deadline = new AbortController();
    const late = sleep(this.#context.clock, ACKNOWLEDGE_WITHIN_MS, AbortSignal.any([gone, deadline.signal]));
    const honoured = await Promise.race([feed.watchTasks(taskIds), late]);
    deadline.abort();
    return honoured ?? [];
  }

  #failed(error: unknown): void {
    this.#context.logger.error('A resource subscription failed inside the hub', { code: 'UNHANDLED_ERROR', reason: String(error) });
  }
}

/** One listen's way out: holds everything back until it is acknowledged, and tags everything with its id. */
class TaggedOut {
  readonly #listen: Listen;
  readonly #filter: Filter;
  #early: NotificationMessage[] | undefined = [];

  constructor(listen: Listen, filter: Filter) {
    this.#listen = listen;
    this.#filter = filter;
  }

  send(event: NotificationMessage): void {
    if (!this.#wants(event.method)) return;
    if (!this.#early) this.#tagged(event);
    else if (this.#early.length < MAX_EARLY) this.#early.push(event);
  }

  acknowledge(resources: readonly string[] | undefined, taskIds: readonly string[] | undefined): void {
    if (this.#listen.gone.signal.aborted) return;
    const honoured: Record<string, JsonValue> = {};
    for (const kind of this.#filter.changes) honoured[`${kind}ListChanged`] = true;
    if (resources) honoured['resourceSubscriptions'] = resources;
    if (taskIds) honoured['taskIds'] = taskIds;
    this.#tagged(notification('notifications/subscriptions/acknowledged', { notifications: honoured }));
    const early = this.#early ?? [];
    this.#early = undefined;
    for (const event of early) this.#tagged(event);
  }

  #wants(method: string): boolean {
    const change = changeKindOf(method);
    if (change) return this.#filter.changes.has(change);
    if (method === TASK_CHANGED) return this.#filter.taskIds !== undefined;
    return method === 'notifications/resources/updated' && this.#filter.resources !== undefined;
  }

  #tagged({ method, params = {} }: NotificationMessage): void {
    this.#listen.stream.send(notification(method, patchMeta(params, { [metaKey.subscriptionId]: this.#listen.id })));
  }
}

/** The filter of a request, or what is wrong with it. */
function filterOf(params: JsonObject | undefined): Filter | string {
  const wanted = params?.['notifications'];
  if (!isObject(wanted)) return 'Invalid params: notifications must be an object.';
  const changes = new Set<ChangeKind>();
  for (const kind of ['tools', 'prompts', 'resources'] as const) {
    const flag = wanted[`${kind}ListChanged`];
    if (flag !== undefined && typeof flag !== 'boolean') return `Invalid params: notifications.${kind}ListChanged must be a boolean.`;
    if (flag) changes.add(kind);
  }
  const resources = textsAt(wanted, 'resourceSubscriptions', MAX_RESOURCES);
  if (typeof resources === 'string') return resources;
  const taskIds = textsAt(wanted, 'taskIds', MAX_TASKS);
  return typeof taskIds === 'string' ? taskIds : { changes, resources, taskIds };
}

/** A list of texts in a filter, each once; what is wrong with it; or `undefined` when it is not there. */
function textsAt(wanted: JsonObject, field: string, max: number): readonly string[] | string | undefined {
  const texts = wanted[field];
  if (texts === undefined) return undefined;
  if (!Array.isArray(texts) || !texts.every((text): text is string => typeof text === 'string')) {
    return `Invalid params: notifications.${field} must be a list of strings.`;
  }
  if (texts.length > max) return `Invalid params: notifications.${field} may have at most ${max} entries on one stream.`;
  return [...new Set(texts)];
}

/** Whoever wants to hear of tasks must say so in the request's capabilities too (SEP-2663 "Task Status Notifications"). */
function undeclaredTasks(id: RequestId, filter: Filter | string, { clientCapabilities }: Downstream): Refusal | undefined {
  if (typeof filter === 'string' || filter.taskIds === undefined || extensionIn(clientCapabilities, extensionId.tasks)) return undefined;
  return { status: 400, id, error: tasksNotDeclared() };
}
