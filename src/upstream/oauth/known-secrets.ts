import { redactor } from '../redaction.ts';

/** Most that are remembered; renewed tokens come and go. */
const MAX_KNOWN = 200;

/**
 * What a login has had of secrets, also what it has given up since: a server that refuses a token may quote it long after the hub has
 * forgotten it.
 */
export class KnownSecrets {
  readonly #known = new Set<string>();
  #redact: ((text: string) => string) | undefined;

  learn(...secrets: readonly (string | undefined)[]): void {
    for (const secret of secrets) {
      if (secret === undefined || secret === '' || this.#known.has(secret)) continue;
      this.#known.add(secret);
      this.#redact = undefined;
    }
    for (const oldest of this.#known) {
      if (this.#known.size <= MAX_KNOWN) break;
      this.#known.delete(oldest);
      this.#redact = undefined;
    }
  }

  /** The text with each of them replaced, also where it stands in JSON or in an address. */
  redact(text: string): string {
    this.#redact ??= redactor(this.#known, []);
    return this.#redact(text);
  }
}
