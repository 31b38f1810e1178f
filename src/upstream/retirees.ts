import { type Clock, type Disposable, HubError } from '../base/index.ts';
import type { RetiredUse } from './sharing/sharing.ts';

/** How long a process or connection that has a successor may take to finish its calls, in milliseconds. */
const FINISH_MS = 30_000;
/** Most that finish their calls at once, per server; the one that has been at it longest is ended first. */
const MAX_RETIREES = 3;

/** One life, as far as its end is concerned. */
interface Ending {
  end(reason: HubError): Promise<void>;
}

interface Retiree {
  readonly life: Ending;
  readonly use: RetiredUse | undefined;
  timer: Disposable | undefined;
}

export interface RetireesOptions {
  /** The server's name, for messages. */
  readonly id: string;
  readonly clock: Clock;
  /** Told of every end that has begun; the promise never rejects. */
  readonly onEnding: (ending: Promise<void>) => void;
}

/** The lives of one server that have a successor already and finish what was begun on them. */
export class Retirees {
  readonly #options: RetireesOptions;
  readonly #retirees = new Set<Retiree>();

  constructor(options: RetireesOptions) {
    this.#options = options;
  }

  has(life: object): boolean {
    return [...this.#retirees].some((retiree) => retiree.life === life);
  }

  /** Nothing new comes to this life; it ends when its calls are done, or the time for that is over. */
  add(life: Ending, use: RetiredUse | undefined): void {
    const { clock } = this.#options;
    const retiree: Retiree = { life, use, timer: undefined };
    this.#retirees.add(retiree);
    retiree.timer = clock.after(FINISH_MS, () => this.#end(retiree, this.#tooSlow(`had ${FINISH_MS / 1000} s to finish this call`)));
    void (use?.drained ?? Promise.resolve()).then(() => this.#end(retiree, this.#tooSlow('is done')));
    const [oldest] = this.#retirees;
    if (oldest && this.#retirees.size > MAX_RETIREES) this.#end(oldest, this.#tooSlow(`had to make room after ${MAX_RETIREES} restarts`));
  }

  /** Ends all of them at once. */
  end(reason: HubError): void {
    for (const retiree of this.#retirees) this.#end(retiree, reason);
  }

  #end(retiree: Retiree, reason: HubError): void {
    retiree.timer?.dispose();
    if (!this.#retirees.delete(retiree)) return;
    const { life, use } = retiree;
    this.#options.onEnding(Promise.all([use?.end(reason), life.end(reason)]).then(() => undefined));
  }

  #tooSlow(what: string): HubError {
    const { id } = this.#options;
    const message = `Server "${id}" was restarted, and its old process or connection ${what}. Whether the call took effect is not known.`;
    return new HubError('SERVER_NOT_CONNECTED', message, { details: { server: id, finishMs: FINISH_MS } });
  }
}
