import { type Clock, type Deferred, deferred, type Disposable, HubError, type Logger, messageOf } from '../base/index.ts';
import {
  changeKindOf,
  type ChangeKind,
  isObject,
  type JsonObject,
  listChangedMethod,
  type NotificationMessage,
  type Outcome,
  type RequestId,
  rpcCode,
} from '../protocol/index.ts';
import type { Link } from './link.ts';

/** How long a `subscriptions/listen` may take to be acknowledged before the hub goes on without, in milliseconds. */
const ACK_MS = 3_000;
const FIRST_RETRY_MS = 1_000;
const MAX_RETRY_MS = 60_000;
/** A subscription that lived this long, in milliseconds, is opened again without the growing delay. */
const SETTLED_MS = 30_000;

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
  readonly onGap: (kinds: readonly ChangeKind[]) => void;
}

interface Subscription {
  readonly id: number;
  readonly sinceMs: number;
  readonly acknowledged: Deferred<void>;
}

/**
 * Keeps one `subscriptions/listen` open with a modern upstream (spec 2026-07-28 basic/patterns/subscriptions): for the lists
 * that it says may change and for the resources that somebody wants. A filter cannot be changed, so other resources
 * mean a new subscription; the old one is cancelled once the new one stands.
 */
export class ChangeListener implements Disposable {
  readonly #options: ChangeListenerOptions;
  #uris: readonly string[] = [];
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
   * @param id the subscription that the notification names.
   * @param params of the notification; what they leave out of the filter is not told of.
   */
  acknowledged(id: RequestId | undefined, params: JsonObject = {}): void {
    if (!this.#current || this.#current.id !== id) return;
    const { notifications } = params;
    this.#honoured = new Set(
      this.#listedKinds().filter((kind) => !isObject(notifications) || notifications[`${kind}ListChanged`] === true),
    );
    this.#current.acknowledged.resolve();
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
    const subscription = { id: link.allot(), sinceMs: clock.now(), acknowledged: deferred<void>() };
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
    this.#options.onGap(this.#listedKinds());
  }

  #ended(subscription: Subscription, outcome: Outcome | undefined, error?: unknown): void {
    subscription.acknowledged.resolve();
    if (this.#current !== subscription || this.#disposed || this.#options.link.closedBy) return;
    this.#current = undefined;
    this.#honoured = new Set();
    this.#hasGap = true;
    const { logger, id, clock } = this.#options;
    const code = outcome?.error?.code;
    const reason = outcome?.error?.message ?? (error === undefined ? 'it was closed' : messageOf(error));
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

  #drop(subscription: Subscription | undefined): void {
    if (subscription) this.#options.link.cancel(subscription.id, new HubError('CANCELLED', 'The subscription is not needed any more.'));
  }
}
