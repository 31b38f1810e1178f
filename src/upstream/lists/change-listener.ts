import { type Clock, type Deferred, deferred, type Disposable, HubError, type Logger, messageOf } from '../../base/index.ts';
import {
  changeKindOf,
  type ChangeKind,
  extensionId,
  extensionIn,
  isObject,
  type JsonObject,
  listChangedMethod,
  type NotificationMessage,
  type Outcome,
  type RequestId,
  rpcCode,
} from '../../protocol/index.ts';
import type { Link } from '../connection/link.ts';

/** How long a `subscriptions/listen` may take to be acknowledged before the hub goes on without, in milliseconds. */
const ACK_MS = 3_000;
const FIRST_RETRY_MS = 1_000;
const MAX_RETRY_MS = 60_000;
/** A subscription that lived this long, in milliseconds, is opened again without the growing delay. */
const SETTLED_MS = 30_000;

const NONE: ReadonlySet<string> = new Set();

export interface ChangeListenerOptions {
  readonly link: Link;
  readonly clock: Clock;
  readonly logger: Logger;
  /** The server's name, for warnings. */
  readonly id: string;
  readonly capabilities: JsonObject;
  /** The params of a `subscriptions/listen` with this filter, envelope included. */
  readonly params: (filter: JsonObject) => JsonObject | undefined;
  /** A subscription had ended and stands again: what happened in between is not known. */
  readonly onGap: (kinds: readonly ChangeKind[], uris: readonly string[]) => void;
}

interface Subscription {
  readonly id: number;
  readonly sinceMs: number;
  readonly acknowledged: Deferred<void>;
  isStanding: boolean;
  /** The tasks that the server agreed to tell of. */
  taskIds: ReadonlySet<string>;
}

/**
 * Keeps one `subscriptions/listen` open with a modern upstream (spec 2026-07-28 basic/patterns/subscriptions): for the lists
 * that it says may change and for the resources and tasks that somebody wants. A filter cannot be changed, so other ones
 * mean a new subscription; the old one is cancelled once the new one stands.
 */
export class ChangeListener implements Disposable {
  readonly #options: ChangeListenerOptions;
  #uris: readonly string[] = [];
  #taskIds: readonly string[] = [];
  #current: Subscription | undefined;
  #retry: Disposable | undefined;
  #retryMs = FIRST_RETRY_MS;
  #refused = false;
  /** The lists whose changes the subscription that stands tells of, in the server's own word. */
  #honoured: ReadonlySet<ChangeKind> = new Set();
  /** Since the last subscription ended, changes may have gone unseen. */
  #hasGap = false;
  #disposed = false;

  constructor(options: ChangeListenerOptions) {
    this.#options = options;
  }

  /** Opens the subscription if there is anything to listen for; resolves when it stands, or does not come to stand in time. */
  async start(): Promise<void> {
    await this.#replace();
  }

  /** Changes the wanted resources; resolves when the subscription for them stands, or does not come to stand in time. */
  async setUris(uris: ReadonlySet<string>): Promise<void> {
    const sorted = [...uris].sort();
    if (JSON.stringify(sorted) === JSON.stringify(this.#uris)) return;
    this.#uris = sorted;
    await this.#replace();
  }

  /**
   * Changes the wanted tasks; resolves with those that the server agreed to tell of, when the subscription for them stands
   * or does not come to stand in time.
   */
  async setTaskIds(taskIds: ReadonlySet<string>): Promise<ReadonlySet<string>> {
    if (!extensionIn(this.#options.capabilities, extensionId.tasks)) return NONE;
    const sorted = [...taskIds].sort();
    if (JSON.stringify(sorted) !== JSON.stringify(this.#taskIds)) {
      this.#taskIds = sorted;
      await this.#replace();
    }
    await this.#current?.acknowledged.promise;
    return this.#current?.taskIds ?? NONE;
  }

  /**
   * @param id the subscription that the notification names.
   * @param params of the notification; lists that they leave out of the filter are not told of.
   */
  acknowledged(id: RequestId | undefined, params: JsonObject = {}): void {
    const current = this.#current;
    if (!current || current.id !== id) return;
    const { notifications } = params;
    this.#honoured = new Set(
      this.#listedKinds().filter((kind) => !isObject(notifications) || notifications[`${kind}ListChanged`] === true),
    );
    const taskIds = isObject(notifications) ? notifications['taskIds'] : undefined;
    if (Array.isArray(taskIds)) current.taskIds = new Set(taskIds.filter((each) => typeof each === 'string'));
    current.isStanding = true;
    current.acknowledged.resolve();
  }

  /** Whether a subscription stands that tells of changes of these lists. */
  watches(kind: ChangeKind): boolean {
    return this.#honoured.has(kind);
  }

  /** The server took a subscription back with `notifications/cancelled`. */
  cancelledByServer({ params }: NotificationMessage): void {
    if (this.#current && params?.['requestId'] === this.#current.id) {
      this.#options.link.cancel(this.#current.id, new HubError('CANCELLED', 'The server ended the subscription.'));
    }
  }

  dispose(): void {
    this.#disposed = true;
    this.#retry?.dispose();
    this.#drop(this.#current);
    this.#current = undefined;
  }

  async #replace(): Promise<void> {
    this.#retry?.dispose();
    const old = this.#current;
    const filter = this.#filter();
    this.#current = undefined;
    if (Object.keys(filter).length > 0 && !this.#refused && !this.#disposed) await this.#open(filter);
    this.#drop(old);
  }

  /** Only what the server's capabilities declare: asking for more may be refused as a whole. */
  #filter(): JsonObject {
    const { capabilities } = this.#options;
    const kinds = this.#listedKinds();
    const resources = capabilities['resources'];
    const canSubscribe = isObject(resources) && resources['subscribe'] === true;
    return {
      ...Object.fromEntries(kinds.map((kind) => [`${kind}ListChanged`, true])),
      ...(canSubscribe && this.#uris.length > 0 && { resourceSubscriptions: this.#uris }),
      ...(this.#taskIds.length > 0 && { taskIds: this.#taskIds }),
    };
  }

  #listedKinds(): readonly ChangeKind[] {
    return Object.values(listChangedMethod).flatMap((method) => {
      const kind = changeKindOf(method);
      const capability = kind && this.#options.capabilities[kind];
      return kind && isObject(capability) && capability['listChanged'] === true ? [kind] : [];
    });
  }

  async #open(filter: JsonObject): Promise<void> {
    const { link, clock, params } = this.#options;
    const subscription: Subscription = {
      id: link.allot(),
      sinceMs: clock.now(),
      acknowledged: deferred<void>(),
      isStanding: false,
      taskIds: NONE,
    };
    this.#current = subscription;
    const { acknowledged } = subscription;
    const timer = clock.after(ACK_MS, () => acknowledged.resolve());
    link.send(subscription.id, 'subscriptions/listen', params({ notifications: filter })).then(
      (outcome) => this.#ended(subscription, outcome),
      (error: unknown) => this.#ended(subscription, undefined, error),
    );
    await acknowledged.promise;
    timer.dispose();
    if (!this.#hasGap || this.#current !== subscription || this.#disposed) return;
    this.#hasGap = false;
    this.#options.onGap(this.#listedKinds(), this.#uris);
  }

  #ended(subscription: Subscription, outcome: Outcome | undefined, error?: unknown): void {
    subscription.acknowledged.resolve();
    if (this.#current !== subscription || this.#disposed || this.#options.link.closedBy) return;
    this.#current = undefined;
    this.#honoured = new Set();
    this.#hasGap = true;
    const refusal = outcome?.error;
    if (refusal && !subscription.isStanding && this.#taskIds.length > 0) return this.#giveUpTasks(refusal.message);
    this.#openAgain(subscription, refusal?.message ?? (error === undefined ? 'it was closed' : messageOf(error)), refusal?.code);
  }

  #openAgain(subscription: Subscription, reason: string, code: number | undefined): void {
    const { logger, id, clock } = this.#options;
    if (code === rpcCode.methodNotFound) {
      this.#refused = true;
      logger.warn(`Server "${id}" does not take subscriptions/listen, so its changes are not seen: ${reason}`, { server: id });
      return;
    }
    logger.debug(`The subscription to server "${id}" ended and is opened again: ${reason}`, { server: id });
    if (clock.now() - subscription.sinceMs >= SETTLED_MS) this.#retryMs = FIRST_RETRY_MS;
    this.#retry = clock.after(this.#retryMs, () => void this.#replace());
    this.#retryMs = Math.min(this.#retryMs * 2, MAX_RETRY_MS);
  }

  /** A server that refuses a filter with tasks in it, as one may that has forgotten one of them, is asked without. */
  #giveUpTasks(reason: string): void {
    const { logger, id } = this.#options;
    logger.debug(`Server "${id}" does not tell of tasks: ${reason}`, { server: id });
    this.#taskIds = [];
    void this.#replace();
  }

  #drop(subscription: Subscription | undefined): void {
    if (subscription) this.#options.link.cancel(subscription.id, new HubError('CANCELLED', 'The subscription is not needed any more.'));
  }
}
