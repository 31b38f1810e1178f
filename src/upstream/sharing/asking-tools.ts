import type { JsonObject } from '../../protocol/index.ts';

/** Most tools remembered; the ones learned first are forgotten first. */
const MAX_KNOWN = 1_000;

/** What a call calls: its method, and the tool, prompt or resource that it names. */
export interface Called {
  readonly method: string;
  readonly params?: JsonObject | undefined;
}

/** What has made one server ask its client something without saying for which call. Learned, and kept while the hub runs. */
export class AskingTools {
  readonly #known = new Set<string>();

  has(called: Called): boolean {
    return this.#known.size > 0 && this.#known.has(keyOf(called));
  }

  learn(called: Called): void {
    this.#known.add(keyOf(called));
    if (this.#known.size <= MAX_KNOWN) return;
    const [oldest] = this.#known;
    if (oldest !== undefined) this.#known.delete(oldest);
  }
}

function keyOf({ method, params }: Called): string {
  const named = params?.['name'] ?? params?.['uri'];
  return typeof named === 'string' ? `${method} ${named}` : method;
}
