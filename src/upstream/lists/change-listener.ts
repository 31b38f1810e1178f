import { type Clock, type Deferred, deferred, type Disposable, HubError, type Logger, messageOf } from '../../base/index.ts';
import {
  type ChangeKind,
  extensionId,
  extensionIn,
  type JsonObject,
  type NotificationMessage,
  type Outcome,
  type RequestId,
  type RpcError,
  rpcCode,
} from '../../protocol/index.ts';
import type { Link } from '../connection/link.ts';
import type { RefusedResources } from '../types.ts';
import { GrowingDelay } from './growing-delay.ts';
import { type Agreement, agreementOf, areSame, filterOf, listedKinds, type ListenWish } from './listen-filter.ts';
import { refusedAll, untold } from './refused-resources.ts';
import { Suspects } from './suspects.ts';

/** How long a `subscriptions/listen` may take to be acknowledged before the hub goes on without, in milliseconds. */
const ACK_MS = 3_000;
/** One that lived this long, in milliseconds, is opened again without the growing delay. */
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
  readonly asked: ListenWish;
  /** Acknowledged, over, or too late to be waited for. */
  readonly answered: Deferred<void>;
  isLate: boolean;
  agreed: Agreement | undefined;
}

/**
 * Keeps one `subscriptions/listen` open with a modern upstream (spec 2026-07-28 basic/patterns/subscriptions): for the lists
 * that it says may change and for the resources and tasks that somebody wants. A filter cannot be changed, so other ones
 * mean a new subscription; the old one is cancelled once the new one is acknowledged, and stays when that is refused.
 */
export class ChangeListener implements Disposable {
  readonly #options: ChangeListenerOptions;
  #uris = NONE;
  #taskIds = NONE;
  /** What is wanted and the server does not tell of; asked for again when it is wanted anew. */
  readonly #refused = new Map<string, RpcError>();
  readonly #suspects = new Suspects();
  #standing: Subscription | undefined;
  #opening: Subscription | undefined;
  #settling: Promise<void> | undefined;
  readonly #retry: GrowingDelay;
  /** Why the server takes no subscriptions at all. */
  #unsupported: RpcError | undefined;
  /** Since the last subscription ended, changes may have gone unseen. */
  #hasGap = false;
  #disposed = false;

  constructor(options: ChangeListenerOptions) {
    this.#options = options;
    this.#retry = new GrowingDelay(options.clock);
  }

  /** Opens the subscription if there is anything to listen for; resolves when it stands, or does not come to stand in time. */
  async start(): Promise<void> {
    await this.#settled();
  }

  /** Changes the wanted resources; resolves with those that are refused, when it is known or is not to be known in time. */
  async setUris(uris: ReadonlySet<string>): Promise<RefusedResources> {
    if (!areSame(uris, this.#uris)) {
      this.#uris = new Set(uris);
      for (const uri of this.#refused.keys()) if (!uris.has(uri)) this.#refused.delete(uri);
      this.#retry.dispose();
    }
    await this.#settled();
    return this.#unsupported ? refusedAll(uris, this.#unsupported) : new Map([...this.#refused].filter(([uri]) => uris.has(uri)));
  }

  /**
   * Changes the wanted tasks; resolves with those that the server agreed to tell of, when the subscription for them stands
   * or does not come to stand in time.
   */
  async setTaskIds(taskIds: ReadonlySet<string>): Promise<ReadonlySet<string>> {
    if (!extensionIn(this.#options.capabilities, extensionId.tasks)) return NONE;
    if (!areSame(taskIds, this.#taskIds)) {
      this.#taskIds = new Set(taskIds);
      this.#retry.dispose();
    }
    await this.#settled();
    return this.#standing?.agreed?.taskIds ?? NONE;
  }

  /**
   * @param id the subscription that the notification names.
   * @param params of the notification; what they leave out of the filter is not told of.
   */
  acknowledged(id: RequestId | undefined, params: JsonObject = {}): void {
    const one = [this.#opening, this.#standing].find((each) => each?.id === id);
    if (!one) return;
    one.agreed = agreementOf(params, this.#options.capabilities, one.asked);
    for (const uri of one.asked.uris) {
      if (one.agreed.uris.has(uri)) this.#refused.delete(uri);
      else if (this.#uris.has(uri)) this.#refuse(uri, untold(this.#options.id));
    }
    if (one === this.#standing) return;
    this.#drop(this.#standing);
    this.#standing = one;
    this.#opening = undefined;
    this.#answered(one);
  }

  /** Whether a subscription stands that tells of changes of these lists. */
  watches(kind: ChangeKind): boolean {
    return this.#standing?.agreed?.kinds.has(kind) === true;
  }

  /** The server took a subscription back with `notifications/cancelled`. */
  cancelledByServer({ params }: NotificationMessage): void {
    const one = [this.#opening, this.#standing].find((each) => each?.id === params?.['requestId']);
    if (one) this.#options.link.cancel(one.id, new HubError('CANCELLED', 'The server ended the subscription.'));
  }

  dispose(): void {
    this.#disposed = true;
    this.#retry.dispose();
    this.#dropAll();
  }

  /** Resolves when the server has been asked for what is wanted, and has answered or is not waited for any more. */
  async #settled(): Promise<void> {
    while (this.#settling) await this.#settling;
    this.#settling = this.#settle();
    try {
      await this.#settling;
    } finally {
      this.#settling = undefined;
    }
  }

  async #settle(): Promise<void> {
    for (let wish = this.#next(); wish; wish = this.#next()) {
      const filter = filterOf(this.#options.capabilities, wish);
      if (Object.keys(filter).length > 0) await this.#open(wish, filter);
      else this.#dropAll();
    }
    const agreed = this.#standing?.agreed;
    if (!this.#hasGap || !agreed || this.#opening) return;
    this.#hasGap = false;
    this.#options.onGap(listedKinds(this.#options.capabilities), [...agreed.uris]);
  }

  /** What is to be asked for now; `undefined` when all that is wanted stands, is on its way, or has to wait. */
  #next(): ListenWish | undefined {
    if (this.#disposed || this.#unsupported || this.#retry.isPending || this.#options.link.closedBy) return undefined;
    for (;;) {
      const wish = { uris: this.#urisToAsk(), taskIds: this.#taskIds };
      if (this.#opening && isSame(this.#opening.asked, wish)) return undefined;
      if (!this.#stands(wish)) return wish;
      if (this.#suspects.next()) continue;
      this.#drop(this.#opening);
      this.#opening = undefined;
      return undefined;
    }
  }

  /** Not those that are refused; while that is being found out, one group beside those that stand. */
  #urisToAsk(): ReadonlySet<string> {
    const group = this.#suspects.current;
    const isAsked = (uri: string): boolean => !group || group.includes(uri) || this.#agreedUris.has(uri);
    return new Set([...this.#uris].filter((uri) => !this.#refused.has(uri) && isAsked(uri)));
  }

  get #agreedUris(): ReadonlySet<string> {
    return this.#standing?.agreed?.uris ?? NONE;
  }

  #stands(wish: ListenWish): boolean {
    if (!this.#standing) return Object.keys(filterOf(this.#options.capabilities, wish)).length === 0;
    return isSame({ uris: this.#agreedUris, taskIds: this.#standing.asked.taskIds }, wish);
  }

  async #open(asked: ListenWish, filter: JsonObject): Promise<void> {
    const { link, clock, params } = this.#options;
    const answered = deferred<void>();
    const one: Subscription = { id: link.allot(), sinceMs: clock.now(), asked, answered, isLate: false, agreed: undefined };
    const former = this.#opening;
    this.#opening = one;
    const timer = clock.after(ACK_MS, () => {
      one.isLate = true;
      answered.resolve();
    });
    link.send(one.id, 'subscriptions/listen', params({ notifications: filter })).then(
      (outcome) => this.#ended(one, outcome),
      (error: unknown) => this.#ended(one, undefined, error),
    );
    this.#drop(former);
    await answered.promise;
    timer.dispose();
  }

  #ended(one: Subscription, outcome: Outcome | undefined, error?: unknown): void {
    const isOpening = this.#opening === one;
    const isStanding = this.#standing === one;
    if (isOpening) this.#opening = undefined;
    if (isStanding) this.#standing = undefined;
    this.#hasGap ||= isStanding;
    if (isOpening || isStanding) this.#lost(one, outcome?.error, error);
    this.#answered(one);
  }

  #lost(one: Subscription, refusal: RpcError | undefined, error: unknown): void {
    // What takes its place may be on its way already.
    if (this.#disposed || this.#options.link.closedBy || this.#opening) return;
    if (refusal && !one.agreed && this.#narrow(one, refusal)) return;
    this.#suspects.forget();
    this.#openAgain(one, refusal, error);
  }

  /** Leaves out what may be the reason of a refusal, and never what stands. False when there is nothing of that kind. */
  #narrow({ asked }: Subscription, refusal: RpcError): boolean {
    const standing = this.#standing;
    if (refusal.code === rpcCode.methodNotFound && !standing) return false;
    const isNewTask = (taskId: string): boolean => !standing?.asked.taskIds.has(taskId);
    if ([...asked.taskIds].some(isNewTask)) {
      // As a server may that has forgotten one of them.
      const { logger, id } = this.#options;
      logger.debug(`Server "${id}" does not tell of tasks: ${refusal.message}`, { server: id });
      this.#taskIds = new Set([...this.#taskIds].filter((taskId) => !isNewTask(taskId)));
      return true;
    }
    const fresh = [...asked.uris].filter((uri) => !this.#agreedUris.has(uri));
    if (fresh.length === 0) return false;
    if (!standing && !this.#suspects.current) {
      if (listedKinds(this.#options.capabilities).length > 0) {
        this.#suspects.afterTheRest(fresh);
        return true;
      }
      // They stood before, and there is nothing else that would show whether it is for them.
      if (this.#hasGap) return false;
    }
    for (const uri of this.#suspects.refused(fresh)) this.#refuse(uri, refusal);
    return true;
  }

  #refuse(uri: string, error: RpcError): void {
    const { logger, id } = this.#options;
    if (!this.#refused.has(uri)) logger.warn(`Server "${id}" did not take a subscription: ${error.message}`, { server: id, uri });
    this.#refused.set(uri, error);
  }

  #openAgain(one: Subscription, refusal: RpcError | undefined, error: unknown): void {
    const { logger, id, clock } = this.#options;
    const reason = refusal?.message ?? (error === undefined ? 'it was closed' : messageOf(error));
    if (refusal?.code === rpcCode.methodNotFound) {
      this.#unsupported = refusal;
      logger.warn(`Server "${id}" does not take subscriptions/listen, so its changes are not seen: ${reason}`, { server: id });
      return;
    }
    logger.debug(`The subscription to server "${id}" ended and is opened again: ${reason}`, { server: id });
    if (clock.now() - one.sinceMs >= SETTLED_MS) this.#retry.forget();
    this.#retry.begin(() => void this.#settled());
  }

  /** Nobody waits for one that is late: what comes of it is for the next turn. */
  #answered(one: Subscription): void {
    one.answered.resolve();
    if (one.isLate) void this.#settled();
  }

  #dropAll(): void {
    const dropped = [this.#opening, this.#standing];
    this.#opening = undefined;
    this.#standing = undefined;
    for (const each of dropped) this.#drop(each);
  }

  #drop(one: Subscription | undefined): void {
    if (one) this.#options.link.cancel(one.id, new HubError('CANCELLED', 'The subscription is not needed any more.'));
  }
}

function isSame(some: ListenWish, other: ListenWish): boolean {
  return areSame(some.uris, other.uris) && areSame(some.taskIds, other.taskIds);
}
