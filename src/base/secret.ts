import { inspect } from 'node:util';

/** What stands in the place of a secret wherever it would be shown. */
export const REDACTED = '[redacted]';

/**
 * A string that must not be shown. Turning it into text by accident (template, JSON, console) gives
 * {@link REDACTED}; only `reveal()` gives the value. `upstream/launch` makes secrets, and only what
 * starts a process or sends a request reveals them (docs/architecture.md, rule 10).
 */
export class Secret {
  readonly #value: string;

  constructor(value: string) {
    this.#value = value;
  }

  reveal(): string {
    return this.#value;
  }

  toString(): string {
    return REDACTED;
  }

  toJSON(): string {
    return REDACTED;
  }

  [inspect.custom](): string {
    return REDACTED;
  }
}
