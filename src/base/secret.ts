import { inspect } from 'node:util';

/** What stands in the place of a secret wherever it would be shown. */
export const REDACTED = '[redacted]';

/**
 * A string that must not be shown. Turning it into text by accident (template, JSON, console) gives
 * {@link REDACTED}; only `reveal()` gives the value, and only `upstream/launch` calls that
 * (docs/architecture.md, rule 10).
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
