import type { CancelSignal } from '../../base/index.ts';
import type { UpstreamAnswer, UpstreamRequest } from '../types.ts';
import { isAboutTasks } from '../sharing/task-places.ts';
import type { Bindings } from './bindings.ts';
import { Attempts } from './elsewhere.ts';
import type { Replica } from './replica.ts';
import { listTasks, tasksIn } from './task-list.ts';

export interface BalancerOptions {
  /** All that take part, and the one that stands for them. */
  readonly now: () => { readonly replicas: readonly Replica[]; readonly lead: Replica };
  readonly bindings: Bindings;
  /** Resolves with the next replica that becomes ready. */
  readonly nextReady: () => Promise<void>;
  /** Whether all calls of a session belong together. */
  readonly areSessionsBound: () => boolean;
}

/**
 * Leads every request to a replica: to the one that it is bound to, else to the least busy of those that are ready and not left
 * out. One that fails is tried on another replica as far as {@link Attempts.mayGoOn} lets it.
 */
export class Balancer {
  readonly #options: BalancerOptions;
  /** Where the search begins, so that equals take turns. */
  #next = 0;

  constructor(options: BalancerOptions) {
    this.#options = options;
  }

  /** @throws HubError as {@link Upstream.request}, of the last replica that was tried */
  async request(request: UpstreamRequest): Promise<UpstreamAnswer> {
    const { now, bindings, areSessionsBound } = this.#options;
    if (request.method === 'tasks/list' && !areSessionsBound()) return this.#listTasks(request);
    const bound = bindings.of(request, areSessionsBound(), now().replicas);
    // What it is bound to is lost with a replica that is down; of a task or a question, that is for the replica to say.
    if (bound && (bound.isReady || !isOfSessionOnly(request))) return this.#send(bound, request, request);
    if (isAboutTasks(request)) return this.#askAround(request);
    const attempts = new Attempts(request);
    const tried = new Set<Replica>();
    let replica = this.#choose(tried) ?? (await this.#awaited(request.signal));
    for (;;) {
      try {
        tried.add(replica);
        const hasOtherPlaces = this.#ready(tried).length > 0;
        return await this.#send(replica, request, { ...attempts.request, hasOtherPlaces });
      } catch (error) {
        const other = attempts.mayGoOn(error, replica.supervisor.listing) ? this.#choose(tried) : undefined;
        if (!other) throw error;
        replica = other;
      }
    }
  }

  /** Resolves when there is a replica that takes requests. @throws HubError as {@link Upstream.request} */
  async ready(signal: CancelSignal): Promise<void> {
    if (this.#ready(new Set()).length === 0) await this.#awaited(signal);
  }

  async #send(replica: Replica, request: UpstreamRequest, sent: UpstreamRequest): Promise<UpstreamAnswer> {
    const { bindings, areSessionsBound } = this.#options;
    bindings.sent(replica, request, areSessionsBound());
    const answer = await replica.request(sent);
    bindings.answered(replica, answer);
    return answer;
  }

  /** Tasks are made at every replica. */
  async #listTasks(request: UpstreamRequest): Promise<UpstreamAnswer> {
    if (this.#ready(new Set()).length === 0) await this.#awaited(request.signal);
    const ready = this.#ready(new Set());
    const asked = ready.length > 0 ? ready : [this.#options.now().lead];
    const hasOtherPlaces = asked.length > 1;
    return listTasks(asked, request, async (replica, each) => {
      const answer = await this.#send(replica, each, { ...each, hasOtherPlaces });
      this.#options.bindings.listed(replica, tasksIn(answer.outcome.result));
      return answer;
    });
  }

  /**
   * To a task that nobody here has made, as one of an earlier hub: whoever knows it answers without an error. When nobody does, one that
   * failed may be the one that knows it.
   */
  async #askAround(request: UpstreamRequest): Promise<UpstreamAnswer> {
    const tried = new Set<Replica>();
    let failed: Promise<UpstreamAnswer> | undefined;
    let replica = this.#choose(tried) ?? (await this.#awaited(request.signal));
    for (;;) {
      tried.add(replica);
      const sent = this.#send(replica, request, request);
      const answer = await sent.catch(() => undefined);
      if (answer && !answer.outcome.error) return answer;
      if (!answer) failed ??= sent;
      const mayGoOn = typeof request.params?.['taskId'] === 'string' && !request.signal.aborted;
      const other = mayGoOn ? this.#choose(tried) : undefined;
      if (!other) return failed ?? sent;
      replica = other;
    }
  }

  /** The best of those that are ready and were not tried yet. Of those that are left out, one is better than none. */
  #choose(tried: ReadonlySet<Replica>): Replica | undefined {
    const { replicas } = this.#options.now();
    const ready = this.#ready(tried);
    const admitted = ready.filter(({ breaker }) => breaker.admits);
    const probe = admitted.find(({ breaker }) => breaker.circuit === 'half-open');
    if (probe) return probe;
    const sound = admitted.filter(({ supervisor }) => supervisor.degraded === undefined);
    const chosen = this.#leastBusy([sound, admitted, ready].find((some) => some.length > 0) ?? []);
    // The others are busy: one that sleeps is started for those that come next.
    if (chosen && chosen.inFlight > 0) replicas.find(({ supervisor }) => supervisor.isAsleep)?.supervisor.wake();
    return chosen;
  }

  #ready(tried: ReadonlySet<Replica>): readonly Replica[] {
    return this.#options.now().replicas.filter((replica) => replica.isReady && !tried.has(replica));
  }

  #leastBusy(replicas: readonly Replica[]): Replica | undefined {
    let best: Replica | undefined;
    for (let index = 0; index < replicas.length; index += 1) {
      const replica = replicas[(this.#next + index) % replicas.length];
      if (replica && replica.inFlight < (best?.inFlight ?? Infinity)) best = replica;
    }
    this.#next = (this.#next + 1) % 1_000_000;
    return best;
  }

  /** None is ready: waits for the first that is. @throws HubError SERVER_NOT_CONNECTED, CANCELLED */
  async #awaited(signal: CancelSignal): Promise<Replica> {
    const { now, nextReady } = this.#options;
    const { lead, replicas } = now();
    const own = lead.supervisor.ready(signal);
    // Its own wait goes on when another one is faster.
    own.catch(() => undefined);
    const hasOthers = replicas.some((replica) => replica !== lead && replica.supervisor.state.kind === 'starting');
    await (hasOthers ? Promise.race([own, nextReady()]) : own);
    return this.#choose(new Set()) ?? lead;
  }
}

/** Whether a request has to go on where it began for nothing but its session. */
function isOfSessionOnly({ method, params }: UpstreamRequest): boolean {
  return !isAboutTasks({ method }) && typeof params?.['requestState'] !== 'string';
}
