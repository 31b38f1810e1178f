import type { Clock, Disposable, HubError } from '../../base/index.ts';
import { type ChangeKind, changeKindOfList, type ListKind } from '../../protocol/index.ts';
import { GrowingDelay } from './growing-delay.ts';

/** What came of fetching one list. */
export interface ListReport {
  /** What is wrong with it, a line each. */
  readonly notes: readonly string[];
  /** Why it could not be had, or not all of it. */
  readonly failure: HubError | undefined;
  /** Whether it stays as it was known before, because less came. */
  readonly isOfferKept: boolean;
}

/** What is wrong with the lists of one connection. */
export interface ListHealth {
  /** A line for each thing that is wrong. */
  readonly notes: readonly string[];
  /** The failure of a list that matters: one that had something in it, or else that of the tools. */
  readonly failure: (Pick<ListReport, 'isOfferKept'> & { readonly error: HubError }) | undefined;
}

export interface ListReportsOptions {
  readonly clock: Clock;
  /** Fetches these lists again. */
  readonly again: (changes: readonly ChangeKind[]) => void;
}

/**
 * What became of the lists of one connection the last time that they were fetched. Those that could not be had are asked for
 * again after 1, 2, 4 … 60 seconds, until they come.
 */
export class ListReports implements Disposable {
  readonly #options: ListReportsOptions;
  readonly #reports = new Map<ListKind, ListReport>();
  /** What was not even fetched. */
  readonly #missed = new Set<ChangeKind>();
  readonly #retry: GrowingDelay;
  #isDisposed = false;

  constructor(options: ListReportsOptions) {
    this.#options = options;
    this.#retry = new GrowingDelay(options.clock);
  }

  get health(): ListHealth {
    return Object.freeze({ notes: [...this.#reports.values()].flatMap(({ notes }) => notes), failure: failureIn(this.#reports) });
  }

  /** Whether this list could not be had the last time. */
  isOwed(kind: ListKind): boolean {
    return this.#missed.has(changeKindOfList[kind]) || this.#reports.get(kind)?.failure !== undefined;
  }

  /** These lists were fetched. @returns the failure among them that matters */
  take(reports: ReadonlyMap<ListKind, ListReport>): HubError | undefined {
    for (const [kind, report] of reports) {
      this.#reports.set(kind, report);
      this.#missed.delete(changeKindOfList[kind]);
    }
    if (this.#owed.length > 0) this.#arm();
    else this.#rest();
    return failureIn(reports)?.error;
  }

  /** No answer to any of these lists is to be had, for a reason that the next call tells. */
  miss(changes: ReadonlySet<ChangeKind>): void {
    for (const change of changes) this.#missed.add(change);
    this.#arm();
  }

  dispose(): void {
    this.#isDisposed = true;
    this.#retry.dispose();
  }

  get #owed(): readonly ChangeKind[] {
    const failed = [...this.#reports].filter(([, { failure }]) => failure).map(([kind]) => changeKindOfList[kind]);
    return [...new Set([...this.#missed, ...failed])];
  }

  /** Another fetch meanwhile does not put the next attempt off. */
  #arm(): void {
    if (!this.#retry.isPending && !this.#isDisposed) this.#retry.begin(() => this.#options.again(this.#owed));
  }

  #rest(): void {
    this.#retry.dispose();
    this.#retry.forget();
  }
}

function failureIn(reports: ReadonlyMap<ListKind, ListReport>): ListHealth['failure'] {
  const kept = [...reports.values()].find(({ failure, isOfferKept }) => failure && isOfferKept);
  const { failure: error, isOfferKept = false } = kept ?? reports.get('tools') ?? {};
  return error && Object.freeze({ error, isOfferKept });
}
